import type {
  IfLive,
  Payment,
  PaymentProviderName,
  PaymentState,
} from '@order-system/contracts/payments.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import type { Statements, Tx } from '@order-system/prisma/database';
import { type Sql, sql } from '@order-system/prisma/sql';
import { isLive } from './payment.rules.js';

export interface PaymentRow {
  id: string;
  order_id: string;
  user_id: string;
  provider: PaymentProviderName;
  flow: 'FRONTEND' | 'BACKEND';
  status: PaymentState;
  amount: number;
  refunded: number;
  currency: string;
  provider_ref: string | null;
  payment_url: string | null;
  client_secret: string | null;
  method_id: string | null;
  message: string | null;
  receipt: string | null;
  correlation_id: string;
  version: number;
  check_at: Date | null;
  created_at: Date;
  updated_at: Date;
}

export const toPayment = (row: PaymentRow): Payment => ({
  id: row.id,
  orderId: row.order_id,
  userId: row.user_id,
  provider: row.provider,
  status: row.status,
  amount: row.amount,
  refunded: row.refunded,
  currency: row.currency,
  message: row.message,
  receipt: row.receipt,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

/** The link or secret is of use only while the attempt can be paid. */
export const toStarted = (row: PaymentRow) => ({
  payment: toPayment(row),
  ...(isLive(row.status) && row.payment_url !== null ? { paymentUrl: row.payment_url } : {}),
  ...(isLive(row.status) && row.client_secret !== null ? { clientSecret: row.client_secret } : {}),
});

/** What follows a payment is told under the correlation id of the request that started it. */
export const inItsFlow = (row: PaymentRow, ctx: MessageContext): MessageContext =>
  ctx.actor.role === 'system' ? { ...ctx, correlationId: row.correlation_id } : ctx;

export async function findPayment(db: Statements, id: string): Promise<PaymentRow | undefined> {
  const [row] = await db.query<PaymentRow>(sql`SELECT * FROM payments.payment WHERE id = ${id}`);
  return row;
}

export type NewAttempt = Pick<
  PaymentRow,
  'id' | 'order_id' | 'user_id' | 'provider' | 'flow' | 'amount' | 'currency' | 'method_id' | 'correlation_id'
>;

/** When a job asks for an answer that did not come: later than any call takes. */
const ANSWER_BY = '20 seconds';

/** Which live attempt `p` of the same order a new one leaves alone. */
const SPARED: Readonly<Record<IfLive, (wanted: NewAttempt) => Sql>> = {
  END: () => sql`false`,
  SHARE: ({ user_id, provider, flow, amount, currency }) => sql`(p.user_id = ${user_id}
    AND p.provider = ${provider} AND p.flow = 'FRONTEND' AND ${flow}::text = 'FRONTEND' AND p.amount = ${amount}
    AND p.currency = ${currency})`,
  KEEP: () => sql`true`,
};

/** What `wasCaptured`: an order is paid once. */
const CAPTURED = sql`('SUCCEEDED', 'PARTIALLY_REFUNDED', 'REFUNDED')`;

/** Charges whose outcome nobody knows yet: another attempt of the order might be a second charge. */
const UNDECIDED = sql`(flow = 'BACKEND' AND status = 'REQUESTED')`;

/**
 * Stores the intent, later than the order's other attempts, and gives up the open one, in one statement. Undefined when
 * the attempt exists already, the order takes no money now, or another attempt is spared or opened at the same moment.
 */
export async function insertAttempt(
  db: Statements,
  attempt: NewAttempt,
  ifLive: IfLive,
): Promise<PaymentRow | undefined> {
  const [row] = await db.query<PaymentRow>(sql`
    WITH allowed AS (
      SELECT ${attempt.order_id}::uuid AS order_id
      WHERE NOT EXISTS (SELECT 1 FROM payments.closed_order WHERE order_id = ${attempt.order_id})
        AND NOT EXISTS (SELECT 1 FROM payments.payment WHERE order_id = ${attempt.order_id}
          AND (id = ${attempt.id} OR status IN ${CAPTURED} OR ${UNDECIDED}))
    ), superseded AS (
      UPDATE payments.payment p SET status = 'CANCELLED', check_at = now(), updated_at = now()
      FROM allowed a WHERE p.order_id = a.order_id AND p.status IN ('REQUESTED', 'PENDING')
        AND NOT ${SPARED[ifLive](attempt)}
      RETURNING p.id
    )
    INSERT INTO payments.payment (id, order_id, user_id, provider, flow, status, amount, currency, method_id,
      correlation_id, check_at, created_at)
    SELECT ${attempt.id}::uuid, a.order_id, ${attempt.user_id}::uuid, ${attempt.provider}::text, ${attempt.flow}::text,
      'REQUESTED', ${attempt.amount}::bigint, ${attempt.currency}::text, ${attempt.method_id}::text,
      ${attempt.correlation_id}::text, now() + ${ANSWER_BY}::interval,
      (SELECT greatest(now(), max(created_at) + interval '1 millisecond') FROM payments.payment
        WHERE order_id = ${attempt.order_id})
    FROM allowed a WHERE (SELECT count(*) FROM superseded) >= 0
    ON CONFLICT DO NOTHING
    RETURNING *`);
  return row;
}

/** The live attempt that is left alone for the sake of which the wanted one was not stored. */
export async function findSpared(
  db: Statements,
  wanted: NewAttempt,
  ifLive: IfLive,
): Promise<PaymentRow | undefined> {
  const [row] = await db.query<PaymentRow>(sql`
    SELECT * FROM payments.payment p
    WHERE order_id = ${wanted.order_id} AND status IN ('REQUESTED', 'PENDING') AND ${SPARED[ifLive](wanted)}`);
  return row;
}

interface Obstacle {
  closed: boolean;
  paid: boolean;
  undecided: boolean;
}

/** Why an order takes no money now, if it does not. */
export async function findObstacle(db: Statements, orderId: string): Promise<Obstacle> {
  const [row] = await db.query<Obstacle>(sql`
    SELECT EXISTS (SELECT 1 FROM payments.closed_order WHERE order_id = ${orderId}) AS closed,
      EXISTS (SELECT 1 FROM payments.payment WHERE order_id = ${orderId}
        AND status IN ${CAPTURED}) AS paid,
      EXISTS (SELECT 1 FROM payments.payment WHERE order_id = ${orderId} AND ${UNDECIDED}) AS undecided`);
  return row ?? { closed: false, paid: false, undecided: false };
}

/**
 * Locks every attempt of the order of this payment, so that of two that are captured at once the second sees the
 * first, and capture and cancellation see each other.
 */
export const lockAttempts = (tx: Tx, paymentId: string): Promise<PaymentRow[]> =>
  tx.query<PaymentRow>(sql`
    SELECT * FROM payments.payment
    WHERE order_id = (SELECT order_id FROM payments.payment WHERE id = ${paymentId}) ORDER BY id FOR UPDATE`);

export const lockAttemptsOf = (tx: Tx, orderId: string): Promise<PaymentRow[]> =>
  tx.query<PaymentRow>(
    sql`SELECT * FROM payments.payment WHERE order_id = ${orderId} ORDER BY id FOR UPDATE`,
  );

export interface Opening {
  ref: string;
  paymentUrl?: string;
  clientSecret?: string;
}

/**
 * Its order was closed, or paid by another attempt, at the very moment when this one was stored. OFFSET 0: looked up by the
 * order, where PostgreSQL would read all there are.
 */
const CAME_TOO_LATE = sql`(
  EXISTS (SELECT FROM payments.closed_order c WHERE c.order_id = p.order_id OFFSET 0)
  OR EXISTS (SELECT FROM payments.payment o WHERE o.order_id = p.order_id AND o.status IN ${CAPTURED} OFFSET 0))`;

/** A webhook will tell what becomes of it; should that never come, a job asks. */
const TOLD_BY = '15 minutes';

/** REQUESTED -> PENDING; undefined when it has moved on meanwhile. One that came too late is due to be given up. */
export const saveOpening = (tx: Tx, id: string, opening: Opening): Promise<PaymentRow | undefined> =>
  tx.one<PaymentRow>(sql`
    UPDATE payments.payment p SET status = 'PENDING', provider_ref = ${opening.ref},
      payment_url = ${opening.paymentUrl ?? null}, client_secret = ${opening.clientSecret ?? null},
      check_at = CASE WHEN ${CAME_TOO_LATE} THEN now() ELSE now() + ${TOLD_BY}::interval END,
      version = version + 1, updated_at = now()
    WHERE id = ${id} AND status = 'REQUESTED'
    RETURNING *`);

/** An answer that came after the attempt was given up: now it can be ended at the provider by its name there. */
export const saveLateOpening = (tx: Tx, id: string, ref: string): Promise<number> =>
  tx.execute(sql`
    UPDATE payments.payment SET provider_ref = ${ref},
      check_at = CASE WHEN status = 'CANCELLED' THEN now() ELSE check_at END
    WHERE id = ${id} AND provider_ref IS NULL`);

interface Settlement {
  status: 'SUCCEEDED' | 'FAILED' | 'CANCELLED';
  ref: string | null;
  message: string | null;
  receipt: string | null;
  /** How many events this makes. */
  facts: number;
}

/** Of a payment whose lock is held, so `closed` cannot be overlooked. */
export const saveSettlement = (
  tx: Tx,
  id: string,
  to: Settlement,
): Promise<(PaymentRow & { closed: boolean }) | undefined> =>
  tx.one(sql`
    UPDATE payments.payment p SET status = ${to.status}, message = ${to.message}, receipt = ${to.receipt},
      provider_ref = coalesce(provider_ref, ${to.ref}), check_at = NULL, version = version + ${to.facts}::int,
      updated_at = now()
    WHERE id = ${id}
    RETURNING p.*, EXISTS (SELECT 1 FROM payments.closed_order c WHERE c.order_id = p.order_id) AS closed`);

/** Gives up open attempts of an order; a job then ends them at their providers. */
export const cancelOpenAttempts = (tx: Tx, orderId: string): Promise<number> =>
  tx.execute(sql`
    UPDATE payments.payment SET status = 'CANCELLED', check_at = now(), updated_at = now()
    WHERE order_id = ${orderId} AND status IN ('REQUESTED', 'PENDING')`);

export const insertClosedOrder = (tx: Tx, orderId: string): Promise<number> =>
  tx.execute(sql`INSERT INTO payments.closed_order (order_id) VALUES (${orderId}) ON CONFLICT DO NOTHING`);

/**
 * Takes attempts that somebody has to ask their provider about, each for a lease that grows with its age: from 15
 * seconds to an hour between two questions. One that came too late is given up here. Its age, in milliseconds, is by the
 * database's clock.
 */
export const claimChecks = (db: Statements, most: number): Promise<(PaymentRow & { age_ms: number })[]> =>
  db.query(sql`
    UPDATE payments.payment p
    SET check_at = now() + greatest(interval '15 seconds', least(now() - created_at, interval '1 hour')),
      status = CASE WHEN status IN ('REQUESTED', 'PENDING') AND ${CAME_TOO_LATE} THEN 'CANCELLED' ELSE status END
    WHERE id IN (SELECT id FROM payments.payment WHERE check_at <= now() ORDER BY check_at LIMIT ${most}
      FOR UPDATE SKIP LOCKED)
    RETURNING *, extract(epoch FROM now() - created_at)::float8 * 1000 AS age_ms`);

/** Nothing is left to ask, unless it has moved since it was read. */
export const stopChecks = (db: Statements, row: PaymentRow): Promise<number> =>
  db.execute(
    sql`UPDATE payments.payment SET check_at = NULL WHERE id = ${row.id} AND status = ${row.status}`,
  );
