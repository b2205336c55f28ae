import type { Database } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';
import { isUnavailable } from '@order-system/prisma/sql-errors';
import { applyTogether } from './apply-together.js';
import { isStillToCome, type Known } from './apply.js';
import type { Consumer } from './consumer.js';
import { noteRetry } from './dead-letter.js';
import { recognise } from './deliver.js';
import { type EventRow, fromRow, type ReceivedEvent } from './events.js';
import { errorText, isPermanent, PoisonMessage } from './retry.js';

const MOST = 16;

interface Subscribed {
  readonly db: Database;
  readonly consumer: Consumer;
  readonly ladder: readonly number[];
}

/** `soon`: its own delivery is about to settle it. `later`: it has failed, and its next try is not due yet. */
type Wait = 'soon' | 'later';

/**
 * Applies what comes before an early event. It may be in the hands of another process, or behind it in the queue; it is
 * in the log as well. Tells for how long it has to be waited for when that cannot be done.
 */
export async function applyPredecessors(
  { db, consumer, ladder }: Subscribed,
  { event }: Known,
): Promise<'applied' | Wait> {
  for (const { wait, ...row } of await findBefore(db, consumer, event)) {
    if (wait !== null) return wait;
    const before = tryToRecognise(consumer, row);
    if (!before) return 'soon';
    const [settled] = await applyTogether(db, consumer, [before]);
    if (settled?.status !== 'rejected') continue;
    const error: unknown = settled.reason;
    // A refusal for good is told by its own delivery, which buries it.
    if (isPermanent(error) || isUnavailable(error)) return 'soon';
    await noteRetry(db, { consumer: consumer.name, eventId: row.id, error: errorText(error) }, ladder);
    return 'later';
  }
  return 'applied';
}

/** Undefined for a poisoned one: its own delivery buries it. */
function tryToRecognise(consumer: Consumer, row: EventRow): Known | undefined {
  try {
    return recognise(consumer, fromRow(row));
  } catch (error) {
    if (error instanceof PoisonMessage) return undefined;
    throw error;
  }
}

/** What a consumer has not applied yet of what happened to the same thing before, the oldest first. */
const findBefore = (
  db: Database,
  { name, types }: Consumer,
  { aggregate }: ReceivedEvent<unknown>,
): Promise<(EventRow & { wait: Wait | null })[]> =>
  db.query(sql`
    SELECT e.*, (SELECT CASE WHEN r.next_attempt_at > now() THEN 'later' ELSE 'soon' END
      FROM events.retry r WHERE r.event_id = e.id AND r.consumer = ${name}) AS wait
    FROM events.event e
    WHERE e.aggregate_id = ${aggregate.id} AND e.aggregate_version < ${aggregate.version} AND e.type = ANY(${types})
      AND ${isStillToCome(name)}
    ORDER BY e.aggregate_version LIMIT ${MOST}`);
