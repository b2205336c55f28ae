import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { GetOrder, PlaceOrder } from '@order-system/contracts/orders.contracts';
import { PaymentSucceeded } from '@order-system/contracts/payments.contracts';
import { systemContext } from '@order-system/messaging/context';
import { deliver } from '@order-system/messaging/deliver';
import { type EventRow, fromRow } from '@order-system/messaging/events';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { ExpireOrders } from './expire-orders.job.js';
import { orderPayments } from './order.consumer.js';
import { someone, startOrders } from './order.fixture.js';

let shop: Awaited<ReturnType<typeof startOrders>>;
beforeAll(async () => {
  shop = await startOrders();
});
afterAll(() => shop.close());

/** Stored by payments and still on its way. */
async function givenPaid(goesBack: boolean) {
  const user = someone('user');
  const items = [{ productId: newId(), quantity: 1 }];
  const { order } = await shop.rpc.call(PlaceOrder, { items, paymentMethod: 'SANDBOX' }, user);
  const paymentId = order.payment!.id;
  const { id: orderId, userId } = order;
  const data = { paymentId, orderId, userId, provider: 'SANDBOX', amount: 10, currency: 'USD', goesBack };
  const [event] = await shop.db.query<EventRow>(sql`
    INSERT INTO events.event (id, type, schema_version, aggregate_type, aggregate_id, aggregate_version, data, actor,
      correlation_id, occurred_at)
    VALUES (${newId()}, ${PaymentSucceeded.type}, 1, 'payment', ${paymentId}, 2, ${JSON.stringify(data)}::jsonb,
      ${JSON.stringify(systemContext().actor)}::jsonb, 'c', now()) RETURNING *`);
  await shop.db.execute(sql`UPDATE orders."order" SET pay_before = now() WHERE id = ${orderId}`);
  await new ExpireOrders(shop.db).run();
  const status = async () => (await shop.rpc.call(GetOrder, { id: orderId }, user)).status;
  return { event: fromRow(event!), status };
}

it('an order that was paid in time does not expire, however late the order hears of it', async () => {
  const { event, status } = await givenPaid(false);
  expect(await status()).toBe('PENDING');
  await deliver(shop.db, orderPayments, event);
  expect(await status()).toBe('PROCESSING');
});

it('an order expires whose money came too late and goes back', async () => {
  const { status } = await givenPaid(true);
  expect(await status()).toBe('CANCELLED');
});
