import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '@order-system/messaging/testing/eventually';
import type { Shopper } from '@order-system/testing/shopper';
import type { Rig } from '../fault.ts';

const ORDERS = 4;
/** More than an order has to be paid in, and to be given up. */
const PATIENCE_MS = 60_000;
/** A refused connection needs no longer. */
const UNDER_WAY_MS = 1000;

export interface DayLate {
  readonly who: Shopper;
  readonly orderIds: readonly string[];
}

/** Orders that are paid while no webhook is taken; those of their payments then stay with the provider. */
export async function payUnheard({ db, shopper, proxies }: Rig, productId: string): Promise<DayLate> {
  const who = await shopper();
  const orderIds: string[] = [];
  while (orderIds.length < ORDERS)
    orderIds.push((await who.place({ items: [{ productId, quantity: 1 }] })).id);
  await proxies.webhook.refuse();
  // Or a connection that is open already would carry them.
  proxies.webhook.reset();
  for (const id of orderIds) await who.pay(id);
  // What is marked is not sent again.
  await db.query(`UPDATE payments.sandbox_webhook SET delivered_at = now() WHERE ${TOLD_OF_THEM}`, [
    orderIds,
  ]);
  await pause(UNDER_WAY_MS);
  return { who, orderIds };
}

/** Waits until the orders are given up; then a day passes for their payments, and the webhooks are sent. */
export async function tellADayLater({ db }: Rig, { who, orderIds }: DayLate): Promise<void> {
  for (const id of orderIds) {
    await who.waitFor(id, 'CANCELLED', PATIENCE_MS);
    await givenUp(db, id);
  }
  // At that age the provider is asked once in an hour.
  await db.query(
    `UPDATE payments.payment SET created_at = created_at - interval '1 day', updated_at = updated_at - interval '1 day',
       check_at = now() + interval '1 hour' WHERE order_id = ANY($1)`,
    [orderIds],
  );
  await db.query(
    `UPDATE payments.sandbox_session SET created_at = created_at - interval '1 day',
       updated_at = updated_at - interval '1 day' WHERE order_id = ANY($1)`,
    [orderIds],
  );
  await db.query(
    `UPDATE payments.sandbox_webhook SET created_at = created_at - interval '1 day', delivered_at = NULL, next_at = now(),
       body = jsonb_set(body::jsonb, '{created}', to_jsonb((body::jsonb ->> 'created')::int - 86400))::text
     WHERE ${TOLD_OF_THEM}`,
    [orderIds],
  );
}

const TOLD_OF_THEM = `body::jsonb #>> '{data,orderId}' = ANY($1)`;

const givenUp = (db: Rig['db'], orderId: string): Promise<void> =>
  eventually(async () => {
    const { rows } = await db.query<{ status: string }>(
      'SELECT status FROM payments.payment WHERE order_id = $1',
      [orderId],
    );
    if (rows.some(({ status }) => status !== 'CANCELLED'))
      throw new Error(`a payment of ${orderId} is ${rows[0]?.status}`);
  }, PATIENCE_MS);

/** The money came and went back, once. */
export async function wrongAfterADay({ db }: Rig, { orderIds }: DayLate): Promise<string[]> {
  const { rows } = await db.query<{ order_id: string; status: string; told: string; kept: string }>(
    `SELECT p.order_id, p.status, s.amount - s.refunded AS kept,
       (SELECT string_agg(e.type, ' ' ORDER BY e.aggregate_version) FROM events.event e WHERE e.aggregate_id = p.id) AS told
     FROM payments.payment p JOIN payments.sandbox_session s ON s.payment_id = p.id WHERE p.order_id = ANY($1)`,
    [orderIds],
  );
  const wrong = rows.filter(
    ({ status, told, kept }) => status !== 'REFUNDED' || Number(kept) !== 0 || told !== ONCE,
  );
  return wrong.map(
    ({ order_id, status, told, kept }) =>
      `paid a day late, order ${order_id} is ${status}, ${kept} is kept of it, and it was told: ${told}`,
  );
}

const ONCE = 'payment.started payment.succeeded payment.refunded';
