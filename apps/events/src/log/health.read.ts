import type { CallOutput } from '@order-system/contracts/define';
import type { GetEventHealth } from '@order-system/contracts/events.contracts';
import type { Database } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';

type Health = CallOutput<typeof GetEventHealth>;

/** Events that wait longer than this need someone to look. */
const PATIENCE_S = 60;
/** Counting stops here: so many waiting means "or more". */
const MOST_WAITING = 10_000;

export async function readHealth(db: Database): Promise<Health> {
  const [outbox, consumers, [letters]] = await Promise.all([
    readOutbox(db),
    readConsumers(db),
    db.searches.query<{ dead: number }>(sql`SELECT count(*) AS dead FROM events.dead_letter`),
  ]);
  const deadLetters = letters?.dead ?? 0;
  const isLate = [outbox.oldestSeconds, ...consumers.map(({ lagSeconds }) => lagSeconds)].some(
    (age) => age > PATIENCE_S,
  );
  return { status: isLate || deadLetters > 0 ? 'degraded' : 'ok', outbox, consumers, deadLetters };
}

async function readOutbox(db: Database): Promise<Health['outbox']> {
  const sources = await db.searches.query<{ source: string; depth: number; oldest: number }>(sql`
    SELECT o.source, count(*) AS depth,
      greatest(0, extract(epoch FROM now() - min(e.occurred_at)))::float8 AS oldest
    FROM events.outbox o JOIN events.event e ON e.id = o.event_id GROUP BY o.source ORDER BY o.source`);
  return {
    depth: sources.reduce((sum, { depth }) => sum + depth, 0),
    oldestSeconds: Math.max(0, ...sources.map(({ oldest }) => oldest)),
    bySource: sources.map(({ source, depth }) => ({ source, depth })),
  };
}

/** What a consumer has not applied and not given up on, from where it is known to have everything. */
const readConsumers = (db: Database): Promise<Health['consumers']> =>
  db.searches.query(sql`
    SELECT c.consumer, w.waiting, coalesce(greatest(0, w.lag), 0)::float8 AS "lagSeconds",
      (SELECT count(*) FROM events.retry r WHERE r.consumer = c.consumer) AS retrying,
      (SELECT count(*) FROM events.dead_letter d WHERE d.consumer = c.consumer) AS "deadLetters"
    FROM events.consumer_cursor c CROSS JOIN LATERAL (
      SELECT count(*) AS waiting, extract(epoch FROM now() - min(occurred_at)) AS lag FROM (
        SELECT e.occurred_at FROM events.event e
        WHERE e.type = ANY(c.types) AND e.occurred_at >= c.position
          AND NOT EXISTS (SELECT FROM events.inbox i WHERE i.event_id = e.id AND i.consumer = c.consumer)
          AND NOT EXISTS (SELECT FROM events.dead_letter d WHERE d.event_id = e.id AND d.consumer = c.consumer)
        ORDER BY e.occurred_at LIMIT ${MOST_WAITING}) AS oldest
    ) AS w ORDER BY c.consumer`);
