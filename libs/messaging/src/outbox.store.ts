import type { Database } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';
import { type EventMessage, type EventRow, fromRow } from './events.js';

/** Of one aggregate at a time: a busy one moves fast, and leaves room for the others. */
const RUN = 10;
const LEASE = '30 seconds';

interface Claim {
  source: string;
  /** Published by now. */
  done: readonly EventMessage[];
  most: number;
}

/**
 * Removes what is done and claims what waits, in one statement. A claim or a removal that a crash takes back means a
 * second delivery, which the inbox absorbs.
 */
export async function claimWaiting(db: Database, { source, done, most }: Claim): Promise<EventMessage[]> {
  const ids = done.map(({ id }) => id);
  const rows = await db.relaxed.query<EventRow>(sql`
    WITH done AS (
      DELETE FROM events.outbox WHERE event_id = ANY(${ids})
    ), head AS (
      SELECT o.aggregate_id, o.aggregate_version FROM events.outbox o
      WHERE o.source = ${source} AND o.available_at <= now() AND o.event_id <> ALL(${ids})
        AND (o.claimed_until IS NULL OR o.claimed_until < now())
        AND NOT EXISTS (SELECT FROM events.outbox e WHERE e.aggregate_id = o.aggregate_id
          AND e.aggregate_version < o.aggregate_version AND e.event_id <> ALL(${ids}))
      ORDER BY o.seq LIMIT ${most} FOR UPDATE OF o SKIP LOCKED
    ), claimed AS (
      UPDATE events.outbox o SET claimed_until = now() + ${LEASE}::interval FROM head CROSS JOIN LATERAL (
        SELECT f.event_id FROM events.outbox f
        WHERE f.aggregate_id = head.aggregate_id AND f.aggregate_version >= head.aggregate_version
          AND f.event_id <> ALL(${ids})
        ORDER BY f.aggregate_version LIMIT ${RUN}
      ) run
      WHERE o.event_id = run.event_id RETURNING o.event_id, o.seq
    )
    SELECT e.* FROM claimed c JOIN events.event e ON e.id = c.event_id ORDER BY c.seq`);
  return rows.map(fromRow);
}

/** What could not be published is due again after a while that grows. */
export const putBack = (db: Database, failed: readonly EventMessage[]): Promise<number> =>
  db.execute(sql`
    UPDATE events.outbox SET attempts = attempts + 1, claimed_until = NULL,
      available_at = now() + least(30, power(2, least(attempts, 5))) * interval '1 second'
    WHERE event_id = ANY(${failed.map(({ id }) => id)})`);
