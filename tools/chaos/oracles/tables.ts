import * as tables from '@order-system/testing/oracle';
import { countOf, linesOf, type Oracle } from './oracle.ts';

const EDGES = [
  'PENDING>PROCESSING',
  'PENDING>REVIEW',
  'PENDING>CANCELLED',
  'REVIEW>PROCESSING',
  'REVIEW>CANCELLED',
  'PROCESSING>SHIPPED',
  'PROCESSING>COMPLETED',
  'PROCESSING>CANCELLED',
  'SHIPPED>COMPLETED',
];

export const finalStates: Oracle = {
  id: 'O1',
  title: 'orders end, by legal steps',
  look: async ({ db }) => ({
    counted: await countOf(db, 'orders', 'orders."order"'),
    findings: [
      ...(await linesOf(
        db,
        `SELECT format('order %s stays %s, %s', id, status, payment_status) AS violation FROM orders."order"
         WHERE status NOT IN ('COMPLETED', 'CANCELLED')`,
      )),
      ...(await linesOf(
        db,
        `SELECT format('order %s went from %s (it was %s) to %s and is %s', order_id, "from", before, "to", status)
           AS violation
         FROM (
           SELECT h.*, o.status, lag(h."to") OVER w AS before, lead(h."to") OVER w AS after
           FROM orders.order_history h JOIN orders."order" o ON o.id = h.order_id
           WINDOW w AS (PARTITION BY h.order_id ORDER BY h.version)
         ) s
         WHERE "from" IS DISTINCT FROM before OR (after IS NULL AND "to" <> status)
           OR ("from" IS NOT NULL AND "from" <> "to" AND NOT "from" || '>' || "to" = ANY($1))`,
        [EDGES],
      )),
    ],
  }),
};

export const stock: Oracle = {
  id: 'O2',
  title: 'stock is conserved, and held or sold as its orders say',
  look: async ({ db }) => ({
    counted: await countOf(db, 'movements', 'catalog.stock_movement'),
    findings: [...(await tables.stockBreaches(db)), ...(await tables.stockWithoutOrders(db))],
  }),
};

export const money: Oracle = {
  id: 'O3',
  title: "orders, payments and the provider's ledger agree",
  look: async ({ db }) => ({
    counted: await countOf(db, 'payments', 'payments.payment'),
    findings: [
      ...(await tables.ordersAgainstPayments(db)),
      ...(await tables.paymentsAgainstSandbox(db)),
      ...(await tables.webhooksUnderWay(db)),
      ...(await linesOf(
        db,
        `SELECT format('order %s was charged %s times', order_id, count(*)) AS violation
         FROM payments.sandbox_session WHERE status = 'PAID' GROUP BY order_id HAVING count(*) > 1`,
      )),
      ...(await linesOf(
        db,
        `SELECT format('refund %s of payment %s is %s', id, payment_id, status) AS violation
         FROM payments.refund WHERE status = 'REQUESTED'`,
      )),
      ...(await linesOf(
        db,
        `SELECT format('payment %s of %s is %s, its order %s of %s is %s and %s, and %s', p.id, p.created_at, p.status,
           o.id, o.created_at, o.status, o.payment_status, CASE WHEN c.order_id IS NULL THEN 'open' ELSE 'closed' END)
           AS violation
         FROM payments.payment p LEFT JOIN orders."order" o ON o.id = p.order_id
         LEFT JOIN payments.closed_order c ON c.order_id = p.order_id
         WHERE p.status IN ('REQUESTED', 'PENDING') AND (o.id IS NULL OR o.status IN ('COMPLETED', 'CANCELLED'))`,
      )),
    ],
  }),
};

export const outbox: Oracle = {
  id: 'O4',
  title: 'no event waits to be published',
  look: async ({ db }) => ({
    counted: await countOf(db, 'events', 'events.event'),
    findings: await tables.waitingEvents(db),
  }),
};

export const inbox: Oracle = {
  id: 'O5',
  title: 'each event is applied by each of its consumers',
  look: async ({ db, subscriptions }) => ({
    counted: await countOf(db, 'applications', 'events.inbox'),
    findings: await tables.unappliedEvents(db, subscriptions),
  }),
};

export const versions: Oracle = {
  id: 'O11',
  title: 'no change without its event, no gap, at any moment',
  look: async ({ db, passing }) => ({
    counted: await countOf(db, 'aggregates', '(SELECT DISTINCT aggregate_id FROM events.event) a'),
    findings: [
      ...passing.map((line) => `at some moment: ${line}`),
      ...(await tables.versionGaps(db)),
      ...(await tables.changesWithoutEvents(db)),
    ],
  }),
};
