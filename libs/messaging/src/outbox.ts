import type { EventContract, EventData } from '@order-system/contracts/define';
import type { Tx } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { type Sql, sql } from '@order-system/prisma/sql';
import { z } from 'zod';
import type { MessageContext } from './context.js';

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

/** Wakes the relay of this process once a transaction with events is durable; set by the host for each service. */
const wakers = new Map<string, () => void>();
export const onEmit = (service: string, wake: () => void): void => void wakers.set(service, wake);

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
const emitted = new WeakMap<Tx, object[]>();

/** The same for facts of several causes. */
export async function emitEach(tx: Tx, facts: { ctx: MessageContext; fact: Fact }[]): Promise<void> {
  if (facts.length === 0) return;
  const rows = emitted.get(tx) ?? [];
  if (rows.length === 0) {
    emitted.set(tx, rows);
    tx.defer(() => store(tx.service, rows));
    tx.afterCommit(() => wakers.get(tx.service)?.());
  }
  for (const { ctx, fact: one } of facts) rows.push(toRow(ctx, one));
}

const toRow = (ctx: MessageContext, { type, schemaVersion, aggregate, data }: Fact) => ({
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

const store = (service: string, rows: object[]): Sql => sql`
  WITH fact AS (
    SELECT * FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS f(id uuid, type text, schema_version int,
      aggregate_type text, aggregate_id uuid, aggregate_version int, data jsonb, actor jsonb, correlation_id text,
      causation_id text)
  ), stored AS (
    INSERT INTO events.event (id, type, schema_version, aggregate_type, aggregate_id, aggregate_version, data, actor,
      correlation_id, causation_id, occurred_at)
    SELECT id, type, schema_version, aggregate_type, aggregate_id, aggregate_version, data, actor, correlation_id,
      causation_id, clock_timestamp()
    FROM fact
  )
  INSERT INTO events.outbox (event_id, source, aggregate_id, aggregate_version)
  SELECT id, ${service}, aggregate_id, aggregate_version FROM fact ORDER BY aggregate_version`;
