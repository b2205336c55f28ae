import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { GetOrderStats, PlaceOrder } from '@order-system/contracts/orders.contracts';
import { systemContext } from '@order-system/messaging/context';
import { newId } from '@order-system/prisma/id';
import { someone, startOrders } from './order.fixture.js';
import type { Decision, OrderState } from './order.rules.js';
import { lockOrder, saveOrder } from './order.store.js';
import { markPaid, markRefunded } from './paying.rules.js';

let shop: Awaited<ReturnType<typeof startOrders>>;
beforeAll(async () => {
  shop = await startOrders();
});
afterAll(() => shop.close());

const MOST_TOTAL = 10 ** 13;

async function change(id: string, rule: (order: OrderState) => Decision | null): Promise<void> {
  const ctx = systemContext();
  await shop.db.inTx(async (tx) => {
    const decision = rule(await lockOrder(tx, id, ctx.actor));
    if (decision) await saveOrder(tx, decision, ctx);
  });
}

async function givenPaid(quantity: number, { refunded = 0 } = {}): Promise<void> {
  const items = [{ productId: newId(), quantity }];
  const { order } = await shop.rpc.call(PlaceOrder, { items, paymentMethod: 'SANDBOX' }, someone('user'));
  const paid = { paymentId: newId(), provider: 'SANDBOX' } as const;
  await change(order.id, (before) => markPaid(before, paid));
  if (refunded > 0)
    await change(order.id, (before) => markRefunded(before, { ...paid, refunded, captured: order.total }));
}

const stats = () => shop.rpc.call(GetOrderStats, {}, someone('admin'));

it('revenue is what was captured and kept', async () => {
  await givenPaid(3);
  await givenPaid(2, { refunded: 500 });
  await givenPaid(1, { refunded: 1000 });
  expect(await stats()).toMatchObject({ orders: 3, revenue: 4500, averageValue: 2250 });
  expect((await stats()).byDay.reduce((sum, { revenue }) => sum + revenue, 0)).toBe(4500);
});

it('many orders as dear as can be are no more than can be told', async () => {
  shop.neighbours.price = 100_000_000;
  for (let more = 300; more > 0; more -= 1) await givenPaid(MOST_TOTAL / 100_000_000);
  const { revenue, byDay } = await stats();
  expect(revenue).toBeGreaterThan(2 ** 51);
  expect(byDay.at(-1)?.revenue).toBe(revenue);
});
