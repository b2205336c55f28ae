import type { Database, Tx } from '@order-system/prisma/database';
import { type Sql, sql } from '@order-system/prisma/sql';
import type { Consumer, Subscription } from './consumer.js';
import type { MessageContext } from './context.js';
import { crashPoint } from './crash-point.js';
import type { ReceivedEvent } from './events.js';
import { SharedFailure } from './gather.js';

/** An event whose data was checked, and what handles it. */
export interface Known {
  readonly subscription: Subscription;
  readonly event: ReceivedEvent<unknown>;
  readonly ctx: MessageContext;
}

/** `early`: an earlier event of the aggregate is still to come, and nothing was done. */
export type Outcome = 'consumed' | 'duplicate' | 'early';

/** What a handler threw, and on which event; nothing has changed. */
export class HandlerFailure extends Error {
  constructor(
    readonly known: Known,
    override readonly cause: unknown,
  ) {
    super('a handler failed');
  }
}

/** Not all of the events whose handlers were started were the consumer's to apply; nothing has changed. */
class Mistaken extends Error {
  constructor(readonly toApply: readonly Known[]) {
    super('some events were applied before, or are early');
  }
}

/**
 * Applies events, each exactly once, in one transaction: the inbox rows, which are written first, and the effects commit
 * together, on the disk before anything is acknowledged. The handlers run side by side, so their statements travel
 * together: no two of the events may be about the same thing. They travel with the claim, too, for nearly always an event
 * is new; when one is not, all is rolled back and done again without it. `again` also applies what was applied.
 * Throws HandlerFailure, or what the database says.
 */
export async function apply(
  db: Database,
  consumer: Consumer,
  events: readonly Known[],
  again = false,
): Promise<Outcome[]> {
  crashPoint('consumer.before_tx');
  for (let toApply = events; ;) {
    try {
      const outcomes = await applyThese(db, consumer, { events, toApply, again });
      crashPoint('consumer.committed_before_ack');
      return outcomes;
    } catch (error) {
      if (!(error instanceof Mistaken)) throw error;
      toApply = error.toApply;
    }
  }
}

interface Attempt {
  readonly events: readonly Known[];
  /** Those of them that are taken to be new. */
  readonly toApply: readonly Known[];
  readonly again: boolean;
}

async function applyThese(
  db: Database,
  consumer: Consumer,
  { events, toApply, again }: Attempt,
): Promise<Outcome[]> {
  // The first: PostgreSQL then refuses whatever the others send.
  const failures: HandlerFailure[] = [];
  const handle = async (tx: Tx, known: Known) => {
    const { subscription, event, ctx } = known;
    try {
      await subscription.handle(tx, event, ctx);
    } catch (error) {
      failures.push(new HandlerFailure(known, error));
    }
  };
  try {
    return await db.inTx(async (tx) => {
      failures.length = 0;
      const claiming = claim(tx, consumer, events);
      const handling = Promise.all(toApply.map((one) => handle(tx, one)));
      const [claimed] = await Promise.allSettled([claiming, handling]);
      if (claimed.status === 'rejected') {
        // Without the claim no handler could do its work: none is to blame.
        failures.length = 0;
        throw claimed.reason;
      }
      const outcomes = again ? events.map(() => 'consumed' as const) : claimed.value;
      const isNew = events.filter((_, index) => outcomes[index] === 'consumed');
      if (!isSame(isNew, toApply)) throw new Mistaken(isNew);
      if (failures[0]) throw causeOf(failures[0]);
      return outcomes;
    });
  } catch (error) {
    const [first] = failures;
    if (error instanceof Mistaken || first === undefined) throw error;
    throw first.cause instanceof SharedFailure ? causeOf(first) : first;
  }
}

const causeOf = ({ cause }: HandlerFailure): unknown =>
  cause instanceof SharedFailure ? cause.cause : cause;

const isSame = (some: readonly Known[], others: readonly Known[]): boolean =>
  some.length === others.length && some.every((one, index) => one === others[index]);

/** Inserts the inbox rows, in the order that everybody does, of all events whose nearest predecessor was applied. */
async function claim(tx: Tx, { name, types }: Consumer, events: readonly Known[]): Promise<Outcome[]> {
  // As JSON: an array's length would have PostgreSQL plan the statement anew each time.
  const wanted = events.map(({ event: { id, aggregate } }) => ({
    id,
    aggregate_id: aggregate.id,
    version: aggregate.version,
  }));
  const rows = await tx.query<{ id: string; outcome: Outcome }>(sql`
    WITH wanted AS (
      SELECT w.id, w.version > 1 AND coalesce(${isEarly(name, types)}, false) AS early
      FROM jsonb_to_recordset(${JSON.stringify(wanted)}::jsonb) AS w(id uuid, aggregate_id uuid, version int)
    ), claim AS (
      INSERT INTO events.inbox (consumer, event_id) SELECT ${name}, id FROM wanted WHERE NOT early ORDER BY id
      ON CONFLICT DO NOTHING RETURNING event_id
    ), off_the_ladder AS (
      DELETE FROM events.retry r USING wanted w WHERE r.consumer = ${name} AND r.event_id = w.id AND NOT w.early
    )
    SELECT w.id, CASE WHEN w.early THEN 'early' WHEN c.event_id IS NULL THEN 'duplicate' ELSE 'consumed' END AS outcome
    FROM wanted w LEFT JOIN claim c ON c.event_id = w.id`);
  const outcomes = new Map(rows.map(({ id, outcome }) => [id, outcome]));
  return wanted.map(({ id }) => outcomes.get(id) ?? 'duplicate');
}

/** Of `w`: not yet applied itself, and neither is the event before it, although this consumer is to have it. */
const isEarly = (name: string, types: string[]) => sql`(
        SELECT NOT EXISTS (SELECT FROM events.inbox i WHERE i.event_id = w.id AND i.consumer = ${name})
          AND ${isStillToCome(name)}
        FROM events.event e
        WHERE e.aggregate_id = w.aggregate_id AND e.aggregate_version < w.version AND e.type = ANY(${types})
        ORDER BY e.aggregate_version DESC LIMIT 1
      )`;

/** Of `e`: what comes after it has to wait until this consumer has applied it. */
export const isStillToCome = (name: string): Sql => sql`
  NOT EXISTS (SELECT FROM events.inbox i WHERE i.event_id = e.id AND i.consumer = ${name})
  AND NOT EXISTS (SELECT FROM events.dead_letter d WHERE d.event_id = e.id AND d.consumer = ${name})
  AND e.occurred_at > now() - interval '7 days'
  AND e.occurred_at >= (SELECT since FROM events.consumer_cursor c WHERE c.consumer = ${name})`;
