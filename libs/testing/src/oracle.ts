import type { Subscription } from './subscriptions.js';

/** A connection that may read everything, such as a superuser's. */
export interface Queries {
  query(text: string, values?: unknown[]): Promise<{ rows: { violation: string }[] }>;
}

/** Everything that must hold once nothing is under way any more; an empty list says that it does. */
export async function violations(db: Queries, subscriptions: readonly Subscription[]): Promise<string[]> {
  const found: string[] = [];
  for (const check of [
    () => unappliedEvents(db, subscriptions),
    () => waitingEvents(db),
    () => deadLetters(db),
    () => versionGaps(db),
    () => changesWithoutEvents(db),
    () => stockBreaches(db),
    () => stockWithoutOrders(db),
    () => ordersAgainstPayments(db),
    () => paymentsAgainstSandbox(db),
    () => webhooksUnderWay(db),
  ])
    found.push(...(await check()));
  return found;
}

/** Events that a subscribed consumer has not applied. */
export const unappliedEvents = (db: Queries, subscriptions: readonly Subscription[]): Promise<string[]> =>
  listOf(
    db,
    `SELECT format('%s has not applied %s of %s, version %s', c.name, e.type, e.aggregate_id, e.aggregate_version)
       AS violation
     FROM jsonb_to_recordset($1::jsonb) AS c(name text, types jsonb)
     JOIN events.event e ON c.types ? e.type
     LEFT JOIN events.consumer_cursor k ON k.consumer = c.name
     WHERE (k.since IS NULL OR e.occurred_at >= k.since)
       AND NOT EXISTS (SELECT FROM events.inbox i WHERE i.consumer = c.name AND i.event_id = e.id)`,
    [JSON.stringify(subscriptions)],
  );

/** Events that no broker has confirmed. */
export const waitingEvents = (db: Queries): Promise<string[]> =>
  listOf(
    db,
    `SELECT format('%s of %s waits in the outbox of %s', e.type, e.aggregate_id, o.source) AS violation
     FROM events.outbox o JOIN events.event e ON e.id = o.event_id`,
  );

export const deadLetters = (db: Queries): Promise<string[]> =>
  listOf(
    db,
    `SELECT format('%s gave up on %s: %s', consumer, event_id, error) AS violation FROM events.dead_letter`,
  );

/** Aggregates whose events are not numbered 1, 2, 3 ... */
export const versionGaps = (db: Queries): Promise<string[]> =>
  listOf(
    db,
    `SELECT format('the %s events of %s %s are numbered %s to %s', count(*), aggregate_type, aggregate_id,
       min(aggregate_version), max(aggregate_version)) AS violation
     FROM events.event GROUP BY aggregate_type, aggregate_id
     HAVING min(aggregate_version) <> 1 OR max(aggregate_version) <> count(*)`,
  );

/** Rows that are ahead of their events, or behind: holds at every moment, also in the middle of things. */
export const changesWithoutEvents = (db: Queries): Promise<string[]> =>
  listOf(
    db,
    `SELECT format('%s %s has version %s and events up to %s', type, id, version, told) AS violation
     FROM (
       SELECT a.*, coalesce((SELECT max(e.aggregate_version) FROM events.event e WHERE e.aggregate_id = a.id), 0) AS told
       FROM (
         SELECT 'order' AS type, id, version FROM orders."order"
         UNION ALL SELECT 'payment', id, version FROM payments.payment
         UNION ALL SELECT 'user', id, version FROM auth."user"
         UNION ALL SELECT 'product', id, version FROM catalog.product
       ) a
     ) b WHERE version <> told
     UNION ALL
     SELECT format('%s %s has events and is not there', e.aggregate_type, e.aggregate_id)
     FROM events.event e WHERE e.aggregate_version = 1
       AND ((e.aggregate_type = 'order' AND NOT EXISTS (SELECT FROM orders."order" o WHERE o.id = e.aggregate_id))
         OR (e.aggregate_type = 'payment' AND NOT EXISTS (SELECT FROM payments.payment p WHERE p.id = e.aggregate_id)))`,
  );

/** Numbers of a product that are impossible, or are not what its movements and reservations add up to. */
export const stockBreaches = (db: Queries): Promise<string[]> =>
  listOf(
    db,
    `SELECT format('product %s: %s on hand of %s put in and %s sold, %s reserved of %s held', sku, on_hand, put_in, sold,
       reserved, held) AS violation
     FROM (
       SELECT p.sku, p.on_hand, p.reserved,
         (SELECT coalesce(sum(m.quantity), 0) FROM catalog.stock_movement m
          WHERE m.product_id = p.id AND m.reason IN ('INITIAL', 'RESTOCK', 'ADJUSTMENT')) AS put_in,
         coalesce(sum(l.quantity) FILTER (WHERE r.state = 'SOLD'), 0) AS sold,
         coalesce(sum(l.quantity) FILTER (WHERE r.state = 'HELD'), 0) AS held
       FROM catalog.product p
       LEFT JOIN catalog.reservation_line l ON l.product_id = p.id
       LEFT JOIN catalog.reservation r ON r.order_id = l.order_id
       GROUP BY p.id
     ) s
     WHERE reserved < 0 OR reserved > on_hand OR on_hand <> put_in - sold OR reserved <> held`,
  );

/** Orders whose goods are not held or sold as their status says, and stock that is kept for no order. */
export const stockWithoutOrders = (db: Queries): Promise<string[]> =>
  listOf(
    db,
    `SELECT format('order %s is %s and its stock %s', o.id, o.status, coalesce(r.state, 'not reserved')) AS violation
     FROM orders."order" o LEFT JOIN catalog.reservation r ON r.order_id = o.id
     WHERE EXISTS (SELECT FROM orders.order_line l WHERE l.order_id = o.id AND l.product_id IS NOT NULL)
       AND NOT coalesce(r.state = ANY(CASE WHEN o.status = 'PENDING' THEN ARRAY['HELD']
         WHEN o.status = 'CANCELLED' THEN ARRAY['RELEASED', 'RETURNED'] ELSE ARRAY['SOLD'] END), false)
     UNION ALL
     SELECT format('order %s has %s of product %s and %s in stock''s books', o.id, l.ordered, l.product_id, k.kept)
     FROM orders."order" o
     JOIN (SELECT order_id, product_id, sum(quantity) AS ordered FROM orders.order_line
       WHERE product_id IS NOT NULL GROUP BY 1, 2) l ON l.order_id = o.id
     JOIN LATERAL (SELECT coalesce(sum(quantity), 0) AS kept FROM catalog.reservation_line k
       WHERE k.order_id = o.id AND k.product_id = l.product_id) k ON k.kept <> l.ordered
     UNION ALL
     SELECT format('stock is %s for order %s, which does not exist', r.state, r.order_id)
     FROM catalog.reservation r
     WHERE NOT EXISTS (SELECT FROM orders."order" o WHERE o.id = r.order_id)
       AND (r.state = 'SOLD' OR (r.state = 'HELD' AND (r.expires_at IS NULL OR r.expires_at < now() - interval '5 s')))`,
  );

/** Orders that are paid without money, unpaid with it, or paid more than once. */
export const ordersAgainstPayments = (db: Queries): Promise<string[]> =>
  listOf(
    db,
    `SELECT format('order %s of %s is %s, %s, and %s is kept for it by %s payments', id, total, status, payment_status,
       kept, holding) AS violation
     FROM (
       SELECT o.id, o.total, o.status, o.payment_status,
         coalesce(sum(p.amount - p.refunded) FILTER (WHERE p.status IN ('SUCCEEDED', 'PARTIALLY_REFUNDED')), 0) AS kept,
         count(*) FILTER (WHERE p.status IN ('SUCCEEDED', 'PARTIALLY_REFUNDED')) AS holding
       FROM orders."order" o LEFT JOIN payments.payment p ON p.order_id = o.id GROUP BY o.id
     ) s
     WHERE holding > 1 OR (status = 'CANCELLED' AND kept <> 0) OR (status = 'PENDING' AND payment_status = 'PAID')
       OR CASE payment_status WHEN 'PAID' THEN kept <> total
         WHEN 'PARTIALLY_REFUNDED' THEN kept NOT BETWEEN 1 AND total - 1 ELSE kept <> 0 END
     UNION ALL
     SELECT format('payment %s is %s for order %s, which does not exist', p.id, p.status, p.order_id)
     FROM payments.payment p WHERE NOT EXISTS (SELECT FROM orders."order" o WHERE o.id = p.order_id)`,
  );

/** Payments that the sandbox provider's own ledger tells differently, and orders it charged more than they cost. */
export const paymentsAgainstSandbox = (db: Queries): Promise<string[]> =>
  listOf(
    db,
    `SELECT format('payment %s is %s, %s of %s given back; the sandbox says %s, %s of %s',
       coalesce(p.id, s.payment_id), coalesce(p.status, 'unknown'), p.refunded, p.amount, coalesce(s.status, 'nothing'),
       s.refunded, s.amount) AS violation
     FROM (SELECT * FROM payments.payment WHERE provider = 'SANDBOX') p
     FULL JOIN payments.sandbox_session s ON s.payment_id = p.id
     WHERE p.id IS NULL OR NOT CASE
       WHEN p.status = 'PENDING' THEN coalesce(s.status = 'OPEN', false)
       WHEN p.status = 'CANCELLED' THEN coalesce(s.status IN ('EXPIRED', 'DECLINED'), true)
       WHEN p.status = 'FAILED' THEN coalesce(s.status = 'DECLINED', true)
       WHEN p.status = 'REQUESTED' THEN false
       ELSE coalesce(s.status = 'PAID' AND (s.amount, s.refunded, s.currency) = (p.amount, p.refunded, p.currency), false)
     END
     UNION ALL
     SELECT format('the sandbox has %s for order %s of %s', sum(s.amount - s.refunded), s.order_id, max(o.total))
     FROM payments.sandbox_session s LEFT JOIN orders."order" o ON o.id = s.order_id
     WHERE s.status = 'PAID' GROUP BY s.order_id HAVING sum(s.amount - s.refunded) > coalesce(max(o.total), 0)`,
  );

/** Webhooks that were not delivered, or not applied. */
export const webhooksUnderWay = (db: Queries): Promise<string[]> =>
  listOf(
    db,
    `SELECT format('webhook %s was not delivered after %s tries', id, attempts) AS violation
     FROM payments.sandbox_webhook WHERE delivered_at IS NULL
     UNION ALL
     SELECT format('webhook %s of %s was not applied after %s tries', event_id, provider, attempts)
     FROM payments.webhook_event WHERE applied_at IS NULL`,
  );

/** Orders that were acknowledged to somebody and are not there. */
export const lostOrders = (db: Queries, acknowledged: readonly string[]): Promise<string[]> =>
  listOf(
    db,
    `SELECT format('order %s was acknowledged and is not there', id) AS violation
     FROM unnest($1::uuid[]) AS told(id) WHERE NOT EXISTS (SELECT FROM orders."order" o WHERE o.id = told.id)`,
    [acknowledged],
  );

async function listOf(db: Queries, text: string, values?: unknown[]): Promise<string[]> {
  return (await db.query(text, values)).rows.map(({ violation }) => violation);
}
