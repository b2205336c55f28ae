import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { UserDeleted } from '@order-system/contracts/auth.contracts';
import {
  CancelOrder,
  PlaceOrder,
  SetOrderStatus,
  SettleReview,
} from '@order-system/contracts/orders.contracts';
import { type MessageContext, systemContext } from '@order-system/messaging/context';
import { deliver } from '@order-system/messaging/deliver';
import { type EventRow, fromRow } from '@order-system/messaging/events';
import { emit, fact } from '@order-system/messaging/outbox';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { orderUsers } from './order.consumer.js';
import { someone, startOrders } from './order.fixture.js';

const CANARY = 'Jane Canary, 12 St James Square';

let shop: Awaited<ReturnType<typeof startOrders>>;
beforeAll(async () => void (shop = await startOrders()));
afterAll(() => shop.close());

async function place(owner: MessageContext) {
  const texts = {
    description: CANARY,
    specifications: { for: CANARY },
    metadata: { by: CANARY },
    quantity: 1,
  };
  const input = {
    ...texts,
    notes: CANARY,
    shippingAddress: { line1: CANARY, city: 'London', country: 'GB' },
  };
  return (await shop.rpc.call(PlaceOrder, input, { ...owner, idempotencyKey: newId() })).order;
}

/** Tells it as auth does, and gives it to the consumer. */
async function erase({ actor }: MessageContext) {
  const userId = actor.id ?? '';
  const aggregate = { type: 'user', id: userId, version: 1 };
  await shop.db.inTx((tx) => emit(tx, systemContext(), [fact(UserDeleted, aggregate, { userId })]));
  const [row] = await shop.db.query<EventRow>(
    sql`SELECT * FROM events.event WHERE aggregate_id = ${userId} AND type = 'user.deleted'`,
  );
  await deliver(shop.db, orderUsers, fromRow(row!));
}

/** Everything that is kept of an order, its request and its history. */
const keptOf = async (id: string): Promise<string> => {
  const [row] = await shop.db.query<{ text: string }>(sql`
    SELECT concat(row_to_json(o)::text, (SELECT json_agg(h) FROM orders.order_history h WHERE h.order_id = o.id)::text,
      (SELECT json_agg(p) FROM orders.placement p WHERE p.order_id = o.id)::text) AS text
    FROM orders."order" o WHERE o.id = ${id}`);
  return row?.text ?? '';
};

it('forgets what a customer wrote with their account, in orders that have ended, and of nobody else', async () => {
  const [gone, other] = [someone('user'), someone('user')];
  const [theirs, others] = [await place(gone), await place(other)];
  for (const [order, owner] of [
    [theirs, gone],
    [others, other],
  ] as const)
    await shop.rpc.call(CancelOrder, { id: order.id, reason: CANARY }, owner);
  await erase(gone);
  expect(await keptOf(theirs.id)).toContain(`"number":${theirs.number}`);
  expect(await keptOf(theirs.id)).not.toContain('Canary');
  expect(await keptOf(others.id)).toContain('Canary');
});

it('knows where to send what is under way until it has ended', async () => {
  const [gone, admin] = [someone('user'), someone('admin')];
  const { id } = await place(gone);
  await erase(gone);
  expect(await keptOf(id)).toContain('Canary');
  await shop.rpc.call(SettleReview, { id, closingId: newId(), summary: 'agreed' }, admin);
  expect(await keptOf(id)).toContain('Canary');
  await shop.rpc.call(SetOrderStatus, { id, status: 'COMPLETED' }, admin);
  expect(await keptOf(id)).not.toContain('Canary');
});
