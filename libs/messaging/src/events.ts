import { Actor, Id, Instant } from '@order-system/contracts/primitives';
import { z } from 'zod';

/** An event as it travels and as the event table keeps it; `data` is in its wire form. */
export const EventMessage = z.object({
  id: Id,
  type: z.string(),
  version: z.int(),
  aggregate: z.object({ type: z.string(), id: Id, version: z.int32() }),
  data: z.unknown(),
  actor: Actor,
  correlationId: z.string(),
  causationId: z.string().nullable(),
  occurredAt: Instant,
});
export type EventMessage = z.output<typeof EventMessage>;

/** An event with its data checked and decoded: what a handler gets. */
export type ReceivedEvent<D> = Omit<EventMessage, 'data'> & { data: D };

/** A row of events.event as a message. */
export interface EventRow {
  id: string;
  type: string;
  schema_version: number;
  aggregate_type: string;
  aggregate_id: string;
  aggregate_version: number;
  data: unknown;
  actor: Actor;
  correlation_id: string;
  causation_id: string | null;
  occurred_at: Date;
}

export const fromRow = (row: EventRow): EventMessage => ({
  id: row.id,
  type: row.type,
  version: row.schema_version,
  aggregate: { type: row.aggregate_type, id: row.aggregate_id, version: row.aggregate_version },
  data: row.data,
  actor: row.actor,
  correlationId: row.correlation_id,
  causationId: row.causation_id,
  occurredAt: row.occurred_at,
});
