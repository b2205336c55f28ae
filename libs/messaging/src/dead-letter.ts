import type { Database, Tx } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { type Sql, sql } from '@order-system/prisma/sql';

interface Failure {
  consumer: string;
  eventId: string | null;
  /** As it came; text when it was not JSON. */
  message: unknown;
  error: string;
  attempts: number;
  /** Now, when it was on no ladder either. */
  firstFailedAt?: Date;
}

/** NUL and lone surrogates, which are JSON and which PostgreSQL cannot keep. */
const UNKEEPABLE = /\\u(?:0000|d[89a-f])/i;

/** What is no event can only be looked at and dropped: so much of it is enough. */
const MOST_FOREIGN = 65_536;

function keepable(message: unknown, isEvent: boolean): string {
  const json = JSON.stringify(message);
  if (!isEvent && json.length > MOST_FOREIGN)
    return JSON.stringify({ text: json.slice(0, MOST_FOREIGN).toWellFormed() });
  return UNKEEPABLE.test(json) ? JSON.stringify({ text: json }) : json;
}

/** Keeps what a consumer has given up on, once per event, and takes it off the ladder. */
export async function keepDeadLetter(
  db: Pick<Tx, 'execute'>,
  { consumer, eventId, message, error, attempts, firstFailedAt }: Failure,
): Promise<void> {
  await db.execute(sql`
    WITH retry AS (
      DELETE FROM events.retry WHERE event_id = ${eventId}::uuid AND consumer = ${consumer} RETURNING first_failed_at
    )
    INSERT INTO events.dead_letter (id, consumer, event_id, message, error, attempts, first_failed_at)
    VALUES (${newId()}, ${consumer}, ${eventId}, ${keepable(message, eventId !== null)}::jsonb, ${error}, ${attempts},
      coalesce((SELECT first_failed_at FROM retry), ${firstFailedAt ?? null}, now()))
    ON CONFLICT (event_id, consumer) DO NOTHING`);
}

/** Notes that an event waits on the ladder, so that catch-up leaves it alone. Returns how often it has failed by now. */
export async function noteRetry(
  db: Database,
  { consumer, eventId, error }: { consumer: string; eventId: string; error: string },
  ladder: readonly number[],
): Promise<number> {
  const next = (attempts: Sql) =>
    sql`now() + coalesce((${ladder}::float8[])[${attempts}], 0) * interval '1 millisecond'`;
  // Counted by the database: several processes may fail with it at once.
  const [noted] = await db.query<{ attempts: number }>(sql`
    INSERT INTO events.retry AS r (consumer, event_id, attempts, error, next_attempt_at)
    VALUES (${consumer}, ${eventId}, 1, ${error}, ${next(sql`1`)})
    ON CONFLICT (event_id, consumer) DO UPDATE
    SET attempts = r.attempts + 1, error = excluded.error, next_attempt_at = ${next(sql`r.attempts + 1`)}
    RETURNING attempts`);
  return noted!.attempts;
}
