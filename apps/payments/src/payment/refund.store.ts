import type { Statements, Tx } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import type { PaymentRow } from './payment.store.js';
import { leftToRefund } from './payment.rules.js';
import { REFUSED_CONSUMER } from './refused-refund.js';

export interface RefundRow {
  id: string;
  payment_id: string;
  amount: number;
  status: 'REQUESTED' | 'SUCCEEDED' | 'FAILED';
  reason: string | null;
  /** Null when no request asked for it, or before requests were kept. */
  request_hash: string | null;
  provider_ref: string | null;
  attempts: number;
}

interface NewRefund {
  id: string;
  paymentId: string;
  amount: number;
  reason: string | null;
  requestHash: string | null;
  /** Until then only its maker asks the provider, later the job does. */
  leaseMs: number;
}

export const findRefund = (tx: Tx, id: string): Promise<RefundRow | undefined> =>
  tx.one<RefundRow>(sql`SELECT * FROM payments.refund WHERE id = ${id}`);

/** What is on its way back, in minor units. Of a payment whose lock is held. */
export async function sumRequested(tx: Tx, paymentId: string): Promise<number> {
  const row = await tx.one<{ requested: number }>(sql`
    SELECT coalesce(sum(amount) FILTER (WHERE status = 'REQUESTED'), 0)::bigint AS requested
    FROM payments.refund WHERE payment_id = ${paymentId}`);
  return row?.requested ?? 0;
}

/** Undefined when the id is taken: another payment's refund may have it, whose lock is another one. */
export const insertRefund = (tx: Tx, refund: NewRefund): Promise<RefundRow | undefined> =>
  tx.one<RefundRow>(sql`
    INSERT INTO payments.refund (id, payment_id, amount, reason, request_hash, next_at)
    VALUES (${refund.id}, ${refund.paymentId}, ${refund.amount}, ${refund.reason}, ${refund.requestHash},
      now() + ${refund.leaseMs} * interval '1 millisecond')
    ON CONFLICT (id) DO NOTHING RETURNING *`);

/** Promises all that is left of a captured payment back. Of a payment whose lock is held. */
export async function refundTheRest(tx: Tx, payment: PaymentRow, reason: string | null): Promise<void> {
  const amount = leftToRefund(payment, await sumRequested(tx, payment.id));
  const refund = { id: newId(), paymentId: payment.id, amount, reason, requestHash: null, leaseMs: 0 };
  if (amount > 0) await insertRefund(tx, refund);
}

/** A refund with what its provider needs to know. */
export type DueRefund = RefundRow &
  Pick<PaymentRow, 'provider' | 'currency' | 'correlation_id'> & { payment_ref: string | null };

/** Takes refunds whose answer is due, each for a lease that doubles with its attempts, up to an hour. */
export const claimRefunds = (db: Statements, most: number): Promise<DueRefund[]> =>
  db.query(sql`
    UPDATE payments.refund r SET attempts = r.attempts + 1,
      next_at = now() + least(15 * power(2, least(r.attempts, 8)), 3600) * interval '1 second'
    FROM payments.payment p
    WHERE p.id = r.payment_id AND r.id IN (
      SELECT id FROM payments.refund WHERE status = 'REQUESTED' AND next_at <= now()
      ORDER BY next_at LIMIT ${most} FOR UPDATE SKIP LOCKED)
    RETURNING r.*, p.provider, p.currency, p.correlation_id, p.provider_ref AS payment_ref`);

/** REQUESTED -> its end; 0 when it was there already. */
export const endRefund = (
  tx: Tx,
  id: string,
  status: 'SUCCEEDED' | 'FAILED',
  ref: string | null,
): Promise<number> =>
  tx.execute(sql`
    UPDATE payments.refund SET status = ${status}, provider_ref = ${ref}
    WHERE id = ${id} AND status = 'REQUESTED'`);

/** Does a dead letter of this payment, whose lock is held, wait for staff? One that was applied is about to be removed. */
export async function hasLetter(tx: Tx, paymentId: string): Promise<boolean> {
  const letter = await tx.one(sql`
    SELECT d.id FROM events.dead_letter d
    WHERE d.consumer = ${REFUSED_CONSUMER} AND d.message #>> '{data,paymentId}' = ${paymentId}
      AND NOT EXISTS (SELECT FROM events.inbox i WHERE i.event_id = d.event_id AND i.consumer = d.consumer)
    LIMIT 1`);
  return letter !== undefined;
}

export const lockPaymentOf = (tx: Tx, refundId: string): Promise<PaymentRow | undefined> =>
  tx.one<PaymentRow>(sql`
    SELECT * FROM payments.payment
    WHERE id = (SELECT payment_id FROM payments.refund WHERE id = ${refundId}) FOR UPDATE`);

export const lockPayment = (tx: Tx, id: string): Promise<PaymentRow | undefined> =>
  tx.one<PaymentRow>(sql`SELECT * FROM payments.payment WHERE id = ${id} FOR UPDATE`);

export const addRefunded = (
  tx: Tx,
  payment: PaymentRow,
  amount: number,
  status: string,
): Promise<PaymentRow | undefined> =>
  tx.one<PaymentRow>(sql`
    UPDATE payments.payment SET refunded = refunded + ${amount}::bigint, status = ${status}, version = version + 1,
      updated_at = now()
    WHERE id = ${payment.id} RETURNING *`);
