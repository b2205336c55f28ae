import type { EventContract, EventData } from '@order-system/contracts/define';
import type { Database, Tx } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { type Sql, sql } from '@order-system/prisma/sql';
import { z } from 'zod';
import type { MessageContext } from './context.js';
import { type EventMessage, type EventRow, fromRow } from './events.js';

export interface Aggregate {
  type: string;
  id: string;
  /** Of the aggregate after this fact: 1, 2, 3 ... without gaps. */
  version: number;
}

export interface Fact {
  type: string;
  schemaVersion: number;
  aggregate: Aggregate;
  data: unknown;
}

/** Something that happened, checked strictly against its contract. */
export const fact = <E extends EventContract>(event: E, aggregate: Aggregate, data: EventData<E>): Fact => ({
  type: event.type,
  schemaVersion: event.version,
  aggregate,
  data: z.encode(event.data, data),
});

/** Publishes what its own process has just committed, without reading it back. */
export interface Outlet {
  /** Undefined when it takes nothing at the moment: what is emitted waits in the outbox. */
  offer(): Offer | undefined;
  /** Something was stored that has to be read from the outbox. */
  leftBehind(): void;
}

export interface Offer {
  /** Is this event in the outlet's hands? Then the next one of the aggregate follows it. */
  holds(aggregateId: string, version: number): boolean;
  /** Of each aggregate in the order of their commits. */
  take(messages: EventMessage[]): void;
}

/** The outlet of this process for what a service emits; set by its relay. */
const outlets = new WeakMap<Database, Outlet>();
export const onEmit = (db: Database, outlet: Outlet): void => void outlets.set(db, outlet);

/**
 * Stores facts and queues them for publishing, in the caller's transaction: they are told if and only if it commits.
 * They leave with COMMIT, so a fact that cannot be stored fails the transaction, not this call.
 */
export const emit = (tx: Tx, ctx: MessageContext, facts: Fact[]): Promise<void> =>
  emitEach(
    tx,
    facts.map((one) => ({ ctx, fact: one })),
  );

/** Rows of the events that a transaction has emitted so far: all leave in one statement. */
const emitted = new WeakMap<Tx, NewEvent[]>();

/** The same for facts of several causes. */
export async function emitEach(tx: Tx, facts: { ctx: MessageContext; fact: Fact }[]): Promise<void> {
  if (facts.length === 0) return;
  const rows = emitted.get(tx) ?? [];
  if (rows.length === 0) {
    emitted.set(tx, rows);
    leaveWithCommit(tx, rows);
  }
  for (const { ctx, fact: one } of facts) rows.push(toRow(ctx, one));
}

function leaveWithCommit(tx: Tx, rows: readonly NewEvent[]): void {
  const outlet = outlets.get(tx.db);
  let offer: Offer | undefined;
  // A broker does not forget what a crash of the database takes back.
  tx.waitForDisk();
  tx.defer<Stored>(
    () => {
      offer = outlet?.offer();
      return store(tx.db.service, rows, offer);
    },
    (stored) => {
      const times = new Map(stored.map(({ id, occurred_at, is_leased }) => [id, is_leased && occurred_at]));
      const leased = rows.flatMap((row) => {
        const occurred_at = times.get(row.id);
        return occurred_at ? [fromRow({ ...row, occurred_at })] : [];
      });
      if (leased.length > 0) offer?.take(leased);
      if (leased.length < rows.length) outlet?.leftBehind();
    },
  );
}

type NewEvent = Omit<EventRow, 'occurred_at'>;

const toRow = (ctx: MessageContext, { type, schemaVersion, aggregate, data }: Fact): NewEvent => ({
  id: newId(),
  type,
  schema_version: schemaVersion,
  aggregate_type: aggregate.type,
  aggregate_id: aggregate.id,
  aggregate_version: aggregate.version,
  data,
  actor: ctx.actor,
  correlation_id: ctx.correlationId,
  causation_id: ctx.causationId ?? null,
});

/** A fact that is not published: what a service keeps as a dead letter for a consumer of its own. */
export const toMessage = (ctx: MessageContext, one: Fact): EventMessage =>
  fromRow({ ...toRow(ctx, one), occurred_at: new Date() });

interface Stored {
  id: string;
  occurred_at: Date;
  is_leased: boolean;
}

/** Past this somebody else may publish what this process has not. */
const LEASE = '5 seconds';

/**
 * What an outlet takes is stored as being published, unless an earlier event of the aggregate waits for another one.
 * OFFSET 0: or PostgreSQL, which expects a hundred facts, reads the whole outbox and what was removed from it.
 */
function store(service: string, rows: readonly NewEvent[], offer: Offer | undefined): Sql {
  const follows = rows.filter(
    ({ aggregate_id: id, aggregate_version: version }) => version === 1 || offer?.holds(id, version - 1),
  );
  const next = new Set(follows.map((row) => row.aggregate_id));
  const facts = rows.map((row) => ({ ...row, is_next: next.has(row.aggregate_id) }));
  return sql`
  WITH fact AS (
    SELECT f.*, clock_timestamp()::timestamptz(3) AS occurred_at, CASE WHEN ${offer !== undefined}::boolean AND (f.is_next
        OR NOT EXISTS (SELECT FROM events.outbox o WHERE o.aggregate_id = f.aggregate_id OFFSET 0))
      THEN clock_timestamp() + ${LEASE}::interval END AS claimed_until
    FROM jsonb_to_recordset(${JSON.stringify(facts)}::jsonb) AS f(id uuid, type text, schema_version int,
      aggregate_type text, aggregate_id uuid, aggregate_version int, data jsonb, actor jsonb, correlation_id text,
      causation_id text, is_next boolean)
  ), stored AS (
    INSERT INTO events.event (id, type, schema_version, aggregate_type, aggregate_id, aggregate_version, data, actor,
      correlation_id, causation_id, occurred_at)
    SELECT id, type, schema_version, aggregate_type, aggregate_id, aggregate_version, data, actor, correlation_id,
      causation_id, occurred_at
    FROM fact
  ), queued AS (
    INSERT INTO events.outbox (event_id, source, aggregate_id, aggregate_version, claimed_until)
    SELECT id, ${service}, aggregate_id, aggregate_version, claimed_until FROM fact
  )
  SELECT id, occurred_at, claimed_until IS NOT NULL AS is_leased FROM fact`;
}
