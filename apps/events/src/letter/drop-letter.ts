import type { CallInput } from '@order-system/contracts/define';
import { notFound } from '@order-system/contracts/errors';
import type { DropDeadLetter } from '@order-system/contracts/events.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import { logger } from '@order-system/observability/logger';
import type { Tx } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';

const log = logger('dead-letters');

/**
 * For good: the event counts as applied, so that neither catch-up brings it back nor later events of its aggregate wait
 * for it. Only a replay to a consumer that may take events again still gives it.
 */
export async function dropLetter(
  tx: Tx,
  { id }: CallInput<typeof DropDeadLetter>,
  { actor, correlationId }: MessageContext,
): Promise<Record<string, never>> {
  const dropped = await tx.one<{ consumer: string; event: string | null }>(sql`
    WITH dropped AS (
      DELETE FROM events.dead_letter WHERE id = ${id} RETURNING consumer, event_id
    ), settled AS (
      INSERT INTO events.inbox (consumer, event_id) SELECT consumer, event_id FROM dropped WHERE event_id IS NOT NULL
      ON CONFLICT DO NOTHING
    )
    SELECT consumer, event_id AS event FROM dropped`);
  if (!dropped) throw notFound('dead letter');
  tx.afterCommit(() => log.warn({ ...dropped, by: actor.id, correlationId }, 'a dead letter was dropped'));
  return {};
}
