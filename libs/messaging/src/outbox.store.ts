import type { Database } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';
import { type EventMessage, type EventRow, fromRow } from './events.js';

/** Of one aggregate at a time: a busy one moves fast, and leaves room for the others. */
const RUN = 10;
const LEASE = '30 seconds';
/** After so many, some minute of a broker that is there, a queue is full: the others have had the event by then. */
export const MOST_TRIES = 6;

const idsOf = (messages: readonly EventMessage[]): string[] => messages.map(({ id }) => id);

/** Removes what is published. A removal that a crash takes back means a second delivery, which the inbox absorbs. */
export const remove = (db: Database, done: readonly EventMessage[]): Promise<number> =>
  db.relaxed.execute(sql`DELETE FROM events.outbox WHERE event_id = ANY(${idsOf(done)})`);

/** Claims what waits; a crash may take a claim back too. */
export async function claimWaiting(db: Database, source: string, most: number): Promise<EventMessage[]> {
  const rows = await db.relaxed.query<EventRow>(sql`
    WITH head AS (
      SELECT o.aggregate_id, o.aggregate_version FROM events.outbox o
      WHERE o.source = ${source} AND o.available_at <= now() AND (o.claimed_until IS NULL OR o.claimed_until < now())
        AND NOT EXISTS (SELECT FROM events.outbox e WHERE e.aggregate_id = o.aggregate_id
          AND e.aggregate_version < o.aggregate_version)
      ORDER BY o.seq LIMIT ${most} FOR UPDATE OF o SKIP LOCKED
    ), claimed AS (
      UPDATE events.outbox o SET claimed_until = now() + ${LEASE}::interval FROM head CROSS JOIN LATERAL (
        SELECT f.event_id FROM events.outbox f
        WHERE f.aggregate_id = head.aggregate_id AND f.aggregate_version >= head.aggregate_version
        ORDER BY f.aggregate_version LIMIT ${RUN}
      ) run
      WHERE o.event_id = run.event_id RETURNING o.event_id, o.seq
    )
    SELECT e.* FROM claimed c JOIN events.event e ON e.id = c.event_id ORDER BY c.seq`);
  return rows.map(fromRow);
}

/**
 * What could not be published is due again after a while that grows. After the last try it is left to the log, where
 * consumers look for what they have missed, so that one full queue holds up nobody else; returns how many are.
 */
export async function putBack(db: Database, failed: readonly EventMessage[]): Promise<number> {
  const [left] = await db.query<{ events: number }>(sql`
    WITH left_to_log AS (
      DELETE FROM events.outbox WHERE event_id = ANY(${idsOf(failed)}) AND attempts >= ${MOST_TRIES - 1} RETURNING event_id
    ), later AS (
      UPDATE events.outbox SET attempts = attempts + 1, claimed_until = NULL,
        available_at = now() + least(30, power(2, least(attempts, 5))) * interval '1 second'
      WHERE event_id = ANY(${idsOf(failed)}) AND attempts < ${MOST_TRIES - 1}
    )
    SELECT count(*) AS events FROM left_to_log`);
  return left!.events;
}
