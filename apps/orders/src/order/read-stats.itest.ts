import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { GetOrderStats, PlaceOrder } from '@order-system/contracts/orders.contracts';
import { systemContext } from '@order-system/messaging/context';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
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
  const paid = { paymentId: newId(), provider: 'SANDBOX', amount: order.total } as const;
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

it('an order that the clock of the database dates later than it is here counts', async () => {
  const { orders } = await stats();
  await givenPaid(1);
  await shop.db.execute(sql`
    UPDATE orders."order" SET created_at = now() + interval '1 minute' WHERE number = (SELECT max(number) FROM orders."order")`);
  expect(await stats()).toMatchObject({ orders: orders + 1 });
});

it('orders are counted by their state, and by the day of UTC that they were placed on', async () => {
  const at = (time: string) => new Date(`2020-02-${time}Z`);
  const placed = [
    { at: at('28T23:59:59.999'), status: 'COMPLETED', paid: 'PAID', total: 100 },
    { at: at('29T00:00:00'), status: 'COMPLETED', paid: 'PARTIALLY_REFUNDED', total: 300 },
    { at: at('29T23:59:59.999'), status: 'CANCELLED', paid: 'REFUNDED', total: 500 },
    { at: at('29T12:00:00'), status: 'SHIPPED', paid: 'PAID', total: 201 },
  ];
  await shop.db.execute(sql`
    INSERT INTO orders."order" (id, user_id, kind, status, payment_status, currency, total, created_at)
    SELECT gen_random_uuid(), gen_random_uuid(), 'CATALOG', status, paid, 'USD', total, at
    FROM jsonb_to_recordset(${JSON.stringify(placed)}::jsonb) AS p(at timestamptz, status text, paid text, total int)`);
  const span = { from: at('28T00:00:00'), to: new Date('2020-03-01T00:00:00Z') };
  expect(await shop.rpc.call(GetOrderStats, span, someone('admin'))).toEqual({
    orders: 4,
    byStatus: { PENDING: 0, REVIEW: 0, PROCESSING: 0, SHIPPED: 1, COMPLETED: 2, CANCELLED: 1 },
    revenue: 601,
    averageValue: 200,
    currency: 'USD',
    byDay: [
      { day: '2020-02-28', orders: 1, revenue: 100 },
      { day: '2020-02-29', orders: 3, revenue: 501 },
    ],
  });
  const last = { from: at('29T23:59:59.999'), to: span.to };
  expect(await shop.rpc.call(GetOrderStats, last, someone('admin'))).toMatchObject({
    orders: 1,
    averageValue: 0,
    byDay: [{ day: '2020-02-29', orders: 1, revenue: 0 }],
  });
});
