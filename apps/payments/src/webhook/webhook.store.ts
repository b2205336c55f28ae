import type { PaymentProviderName } from '@order-system/contracts/payments.contracts';
import type { Database } from '@order-system/prisma/database';
import { type Sql, sql } from '@order-system/prisma/sql';
import type { ProviderEvent } from '../provider/payment-provider.js';

interface WebhookKey {
  provider: PaymentProviderName;
  id: string;
}

export interface WebhookRow {
  provider: PaymentProviderName;
  event_id: string;
  body: string;
  attempts: number;
  age_ms: number;
}

/** How long the process that received a webhook may take to apply it, before a job takes over. */
const LEASE = '10 seconds';

/** False when it is known already. What concerns no payment is stored as done. */
export async function insertWebhook(
  db: Database,
  provider: PaymentProviderName,
  event: ProviderEvent,
  body: string,
): Promise<boolean> {
  const isIgnored = event.about === null;
  const stored = await db.execute(sql`
    INSERT INTO payments.webhook_event (provider, event_id, type, provider_ref, body, attempts, next_at, applied_at, outcome)
    VALUES (${provider}, ${event.id}, ${event.type}, ${event.about?.providerRef ?? null}, ${body}, 1,
      now() + ${LEASE}::interval, CASE WHEN ${isIgnored}::boolean THEN now() END, ${isIgnored ? 'ignored' : null})
    ON CONFLICT DO NOTHING`);
  return stored === 1;
}

/** Takes webhooks that are due; each is this process's until its lease ends. */
export const claimWebhooks = (db: Database, most: number): Promise<WebhookRow[]> =>
  db.query<WebhookRow>(sql`
    UPDATE payments.webhook_event SET attempts = attempts + 1, next_at = now() + ${LEASE}::interval
    WHERE (provider, event_id) IN (
      SELECT provider, event_id FROM payments.webhook_event WHERE applied_at IS NULL AND next_at <= now()
      ORDER BY next_at LIMIT ${most} FOR UPDATE SKIP LOCKED)
    RETURNING provider, event_id, body, attempts, extract(epoch FROM now() - received_at)::float8 * 1000 AS age_ms`);

export const markApplied = ({ provider, id }: WebhookKey, outcome: string): Sql => sql`
  UPDATE payments.webhook_event SET applied_at = now(), outcome = ${outcome}
  WHERE provider = ${provider} AND event_id = ${id} AND applied_at IS NULL`;

/** @param delayMs until the next try */
export const postpone = (
  db: Database,
  { provider, id }: WebhookKey,
  delayMs: number,
  outcome: string,
): Promise<number> =>
  db.execute(sql`
    UPDATE payments.webhook_event SET next_at = now() + ${delayMs} * interval '1 millisecond', outcome = ${outcome}
    WHERE provider = ${provider} AND event_id = ${id} AND applied_at IS NULL`);

/** Bodies are kept as long as somebody may ask about them. By their place, or the whole table is looked through. */
export const pruneWebhooks = (db: Database, most: number): Promise<number> =>
  db.execute(sql`
    DELETE FROM payments.webhook_event WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM payments.webhook_event WHERE applied_at < now() - interval '90 days' LIMIT ${most}))`);

export const pruneSandboxWebhooks = (db: Database, most: number): Promise<number> =>
  db.execute(sql`
    DELETE FROM payments.sandbox_webhook WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM payments.sandbox_webhook WHERE delivered_at < now() - interval '7 days' LIMIT ${most}))`);
