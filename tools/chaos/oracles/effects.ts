import type { Queries } from '@order-system/testing/oracle';
import type { Shopper, Told } from '@order-system/testing/shopper';
import type { Received } from '@order-system/testing/test-smtp';
import { causedTwice } from './causes.ts';
import { countOf, linesOf, type Oracle } from './oracle.ts';

/** What people are told of, and under which kind; of money that goes back at once only that it does. */
const TOLD = {
  'user.created': 'WELCOME',
  'order.created': 'ORDER_PLACED',
  'order.shipped': 'ORDER_STATUS',
  'order.completed': 'ORDER_STATUS',
  'order.cancelled': 'ORDER_STATUS',
  'payment.succeeded': 'PAYMENT_SUCCEEDED',
  'payment.failed': 'PAYMENT_FAILED',
  'payment.refunded': 'PAYMENT_REFUNDED',
  'chat.closed': 'ROOM_CLOSED',
};

export const effects: Oracle = {
  id: 'O6',
  title: 'each fact has its effect once: mail, stock movement, order per key',
  look: async ({ db, mails, shoppers, history }) => ({
    counted: `${mails.length} mails, ${await countOf(db, 'notifications', 'notifications.notification')}`,
    findings: [
      ...mailsSentTwice(mails),
      ...(await mailsAgainstDeliveries(db, mails)),
      ...(await factsUntold(db)),
      ...(await doubledMovements(db)),
      ...(await causedTwice(db)),
      ...ordersUnderOneKey(history),
      ...(await ordersNobodyKnows(db, shoppers)),
    ],
  }),
};

function mailsSentTwice(mails: readonly Received[]): string[] {
  const times = new Map<string, number>();
  for (const { messageId } of mails) times.set(messageId, (times.get(messageId) ?? 0) + 1);
  const often = [...times].filter(([, count]) => count > 1);
  return often.map(([messageId, count]) => `mail ${messageId} came ${count} times`);
}

/** A Message-ID is made of its delivery's id. */
const deliveryOf = ({ messageId }: Received): string => messageId.slice(1).split('@')[0] ?? '';

const mailsAgainstDeliveries = (db: Queries, mails: readonly Received[]): Promise<string[]> =>
  linesOf(
    db,
    `SELECT format('the mail of delivery %s (%s) is %s and %s', d.id, d.kind, d.status,
       CASE WHEN m.id IS NULL THEN 'did not come' ELSE 'came' END) AS violation
     FROM (SELECT d.*, n.kind FROM notifications.delivery d JOIN notifications.notification n ON n.id = d.notification_id
       WHERE d.channel = 'EMAIL') d
     FULL JOIN (SELECT DISTINCT id FROM unnest($1::uuid[]) AS m(id)) m ON m.id = d.id
     WHERE d.status IS DISTINCT FROM CASE WHEN m.id IS NULL THEN 'WITHDRAWN' ELSE 'SENT' END`,
    [mails.map(deliveryOf)],
  );

const factsUntold = (db: Queries): Promise<string[]> =>
  linesOf(
    db,
    `SELECT format('nobody was told of %s of %s', e.type, e.aggregate_id) AS violation
     FROM events.event e JOIN jsonb_each_text($1::jsonb) t ON t.key = e.type
     WHERE e.data -> 'goesBack' IS NULL
       AND NOT EXISTS (SELECT FROM notifications.notification n WHERE n.event_id = e.id AND n.kind = t.value)`,
    [JSON.stringify(TOLD)],
  );

/**
 * An order's stock is sold once and returned once. It may be reserved again after it was released, when the order took
 * longer to be placed than its stock was held. A restocking is told apart by its note.
 */
const doubledMovements = (db: Queries): Promise<string[]> =>
  linesOf(
    db,
    `SELECT format('for order %s product %s was %s', order_id, product_id, string_agg(reason, ', ' ORDER BY id)) AS violation
     FROM catalog.stock_movement WHERE order_id IS NOT NULL GROUP BY order_id, product_id
     HAVING count(*) FILTER (WHERE reason = 'SOLD') > 1
       OR count(*) FILTER (WHERE reason = 'RETURNED') > count(*) FILTER (WHERE reason = 'SOLD')
       OR count(*) FILTER (WHERE reason = 'RESERVED') - count(*) FILTER (WHERE reason IN ('RELEASED', 'SOLD'))
         NOT BETWEEN 0 AND 1
     UNION ALL
     SELECT format('product %s was restocked %s times: %s', product_id, count(*), note)
     FROM catalog.stock_movement WHERE reason = 'RESTOCK' AND note IS NOT NULL
     GROUP BY product_id, note HAVING count(*) > 1`,
  );

interface Placed {
  readonly data: { readonly order: { readonly id: string } };
}

const isPlaced = ({ request, status }: Told): boolean => request === 'POST /api/orders' && status === 201;

function ordersUnderOneKey(history: readonly Told[]): string[] {
  const orders = new Map<string, Set<string>>();
  for (const { key = '', body } of history.filter(isPlaced))
    orders.set(key, (orders.get(key) ?? new Set()).add((body as Placed).data.order.id));
  const doubled = [...orders].filter(([, ids]) => ids.size > 1);
  return doubled.map(([key, ids]) => `key ${key} has ${ids.size} orders: ${[...ids].join(', ')}`);
}

/** Everybody asks until there is an answer, so an order that nobody was told of is one too many. */
const ordersNobodyKnows = (db: Queries, shoppers: readonly Shopper[]): Promise<string[]> =>
  linesOf(
    db,
    `SELECT format('order %s exists and its customer was never told', o.id) AS violation
     FROM orders."order" o JOIN auth."user" u ON u.id = o.user_id
     WHERE u.email = ANY($1) AND NOT o.id = ANY($2::uuid[])`,
    [shoppers.map(({ email }) => email), shoppers.flatMap((shopper) => shopper.acknowledged())],
  );
