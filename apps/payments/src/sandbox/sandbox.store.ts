import { toAmount } from '@order-system/contracts/money';
import type { Database } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { isDuplicate } from '@order-system/prisma/sql-errors';
import { sql } from '@order-system/prisma/sql';

type SessionStatus = 'OPEN' | 'PAID' | 'DECLINED' | 'EXPIRED';

/** A row of the sandbox's ledger; amounts in minor units. */
export interface SessionRow {
  id: string;
  secret: string;
  idempotency_key: string;
  payment_id: string;
  order_id: string;
  amount: number;
  refunded: number;
  currency: string;
  status: SessionStatus;
}

export interface OutgoingWebhook {
  id: string;
  body: string;
}

/** How long the process that made a webhook may take for its first try, before a job takes over. */
const FIRST_TRY = '10 seconds';

export type NewSession = Omit<SessionRow, 'status' | 'refunded'>;

/** The same key again gives the session of the first time. Who asked commits the answer, and then both are on the disk. */
export async function openSession(db: Database, session: NewSession): Promise<SessionRow | undefined> {
  const [made] = await db.relaxed.query<SessionRow>(sql`
    INSERT INTO payments.sandbox_session (id, secret, idempotency_key, payment_id, order_id, amount, currency)
    VALUES (${session.id}, ${session.secret}, ${session.idempotency_key}, ${session.payment_id}, ${session.order_id},
      ${session.amount}, ${session.currency})
    ON CONFLICT (idempotency_key) DO NOTHING
    RETURNING *`);
  return made ?? findSessionByKey(db, session.idempotency_key);
}

export async function findSession(db: Database, id: string): Promise<SessionRow | undefined> {
  const [row] = await db.query<SessionRow>(sql`SELECT * FROM payments.sandbox_session WHERE id = ${id}`);
  return row;
}

export async function findSessionByKey(db: Database, key: string): Promise<SessionRow | undefined> {
  const [row] = await db.query<SessionRow>(
    sql`SELECT * FROM payments.sandbox_session WHERE idempotency_key = ${key}`,
  );
  return row;
}

/** Moves an open session and queues the webhook that tells of it; undefined when it was not open any more. */
export async function closeSession(
  db: Database,
  session: SessionRow,
  status: 'PAID' | 'DECLINED',
): Promise<OutgoingWebhook | undefined> {
  const webhook = webhookAbout({ ...session, status });
  const [closed] = await db.query<{ id: string }>(sql`
    WITH closed AS (
      UPDATE payments.sandbox_session SET status = ${status}, updated_at = now()
      WHERE id = ${session.id} AND status = 'OPEN' RETURNING id
    ), told AS (
      INSERT INTO payments.sandbox_webhook (id, body, next_at)
      SELECT ${webhook.id}::uuid, ${webhook.body}::text, now() + ${FIRST_TRY}::interval FROM closed
    )
    SELECT id FROM closed`);
  return closed && webhook;
}

function webhookAbout(session: SessionRow): OutgoingWebhook {
  const id = newId();
  const body = {
    id,
    type: session.status === 'PAID' ? 'payment.succeeded' : 'payment.failed',
    created: Math.floor(Date.now() / 1000),
    data: {
      sessionId: session.id,
      paymentId: session.payment_id,
      orderId: session.order_id,
      amount: toAmount(session.amount),
      currency: session.currency,
      status: session.status,
    },
  };
  return { id, body: JSON.stringify(body) };
}

/** Nobody can pay it any more; answers what it is now. */
export async function expireSession(db: Database, key: string): Promise<SessionRow | undefined> {
  await db.execute(sql`
    UPDATE payments.sandbox_session SET status = 'EXPIRED', updated_at = now()
    WHERE idempotency_key = ${key} AND status = 'OPEN'`);
  return findSessionByKey(db, key);
}

interface SandboxRefund {
  key: string;
  sessionId: string;
  amount: number;
}

/** Gives money back once per key: an amount of 0 when that is more than what is left, or nothing was paid. */
export async function refundSession(
  db: Database,
  refund: SandboxRefund,
): Promise<{ amount: number } | undefined> {
  try {
    await db.execute(sql`
      WITH fresh AS (
        SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM payments.sandbox_refund WHERE idempotency_key = ${refund.key})
      ), taken AS (
        UPDATE payments.sandbox_session SET refunded = refunded + ${refund.amount}::bigint, updated_at = now()
        WHERE id = ${refund.sessionId} AND status = 'PAID' AND refunded + ${refund.amount}::bigint <= amount
          AND EXISTS (SELECT FROM fresh)
        RETURNING id
      )
      INSERT INTO payments.sandbox_refund (idempotency_key, session_id, amount)
      SELECT ${refund.key}, ${refund.sessionId}::uuid,
        CASE WHEN EXISTS (SELECT FROM taken) THEN ${refund.amount}::bigint ELSE 0 END FROM fresh`);
  } catch (error) {
    // The same refund at the same time: the twin's row counts, this statement has changed nothing.
    if (!isDuplicate(error)) throw error;
  }
  const [done] = await db.query<{ amount: number }>(sql`
    SELECT amount FROM payments.sandbox_refund
    WHERE idempotency_key = ${refund.key} AND session_id = ${refund.sessionId}`);
  return done;
}

/** Takes webhooks that are due; each is this process's until its lease ends. */
export const claimWebhooks = (
  db: Database,
  most: number,
): Promise<(OutgoingWebhook & { attempts: number })[]> =>
  db.query(sql`
    UPDATE payments.sandbox_webhook SET attempts = attempts + 1, next_at = now() + ${FIRST_TRY}::interval
    WHERE id IN (
      SELECT id FROM payments.sandbox_webhook WHERE delivered_at IS NULL AND next_at <= now()
      ORDER BY next_at LIMIT ${most} FOR UPDATE SKIP LOCKED)
    RETURNING id, body, attempts`);

export const markDelivered = (db: Database, ids: string[]): Promise<number> =>
  db.relaxed.execute(
    sql`UPDATE payments.sandbox_webhook SET delivered_at = now() WHERE id = ANY(${ids}::uuid[])`,
  );

/** @param delayMs until the next try */
export const postpone = (db: Database, id: string, delayMs: number): Promise<number> =>
  db.execute(sql`
    UPDATE payments.sandbox_webhook SET next_at = now() + ${delayMs} * interval '1 millisecond'
    WHERE id = ${id} AND delivered_at IS NULL`);
