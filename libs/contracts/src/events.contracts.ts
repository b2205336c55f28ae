import { z } from 'zod';
import { defineCall } from './define.js';
import { Actor, Id, Instant, Nothing, Until, pageOf, paging, text } from './primitives.js';

const EventType = text(1, 100).regex(/^[a-z.-]+$/, 'must be an event type such as order.created');

/** As it is stored: the log is also read when somebody has written what no program of ours would have let in. */
export const StoredEvent = z.object({
  id: z.guid(),
  type: z.string(),
  version: z.int(),
  aggregate: z.object({ type: z.string(), id: z.guid(), version: z.int() }),
  data: z.unknown(),
  actor: Actor.or(z.json()),
  correlationId: z.string(),
  causationId: z.string().nullable(),
  occurredAt: Instant,
});

/** Newest first. `cursor` (from meta.nextCursor) goes on where a page ended, however long the log is. */
export const ListEvents = defineCall('events.list', {
  kind: 'query',
  input: z.strictObject({
    ...paging,
    type: EventType.optional(),
    aggregateId: Id.optional(),
    correlationId: text(1, 128).optional(),
    actorId: Id.optional(),
    from: Instant.optional(),
    to: Until.optional(),
    cursor: text(1, 200).optional(),
  }),
  output: pageOf(StoredEvent).extend({ nextCursor: z.string().nullable() }),
});

export const GetEvent = defineCall('events.get', {
  kind: 'query',
  input: z.object({ id: z.guid().toLowerCase() }),
  output: StoredEvent,
});

export const GetEventStats = defineCall('events.stats', {
  kind: 'query',
  input: z.strictObject({ from: Instant.optional(), to: Until.optional() }),
  output: z.object({
    total: z.int(),
    perMinute: z.number(),
    byType: z.array(z.object({ type: z.string(), events: z.int() })),
    byHour: z.array(z.object({ hour: Instant, events: z.int() })),
  }),
});

export const GetEventHealth = defineCall('events.health', {
  kind: 'query',
  input: Nothing,
  output: z.object({
    status: z.enum(['ok', 'degraded']),
    outbox: z.object({
      depth: z.int(),
      oldestSeconds: z.number(),
      bySource: z.array(z.object({ source: z.string(), depth: z.int() })),
    }),
    consumers: z.array(
      z.object({
        consumer: z.string(),
        lagSeconds: z.number().meta({ description: 'Age of the oldest event that was not applied' }),
        waiting: z.int(),
        retrying: z.int(),
        deadLetters: z.int(),
      }),
    ),
    deadLetters: z.int(),
  }),
});

const ReplayJob = z.object({
  id: Id,
  consumer: z.string(),
  from: Instant,
  to: Instant,
  types: z.array(z.string()).nullable(),
  dryRun: z.boolean(),
  status: z.enum(['RUNNING', 'DONE', 'FAILED']),
  total: z.int(),
  done: z.int(),
  applied: z.int(),
  skipped: z.int(),
  failed: z.int(),
  error: z.string().nullable(),
  createdAt: Instant,
  finishedAt: Instant.nullable(),
});
/** A dry run only counts. A consumer that must not act twice gets only what it has missed. */
export const StartReplay = defineCall('events.replay', {
  kind: 'command',
  input: z.strictObject({
    consumer: text(1, 100),
    from: Instant,
    to: Until,
    types: z.array(EventType).min(1).max(50).optional(),
    dryRun: z.boolean().default(false),
  }),
  output: ReplayJob,
});
export const GetReplay = defineCall('events.replayJob', {
  kind: 'query',
  input: z.object({ id: Id }),
  output: ReplayJob,
});

const DeadLetter = z.object({
  id: Id,
  consumer: z.string(),
  eventId: z.guid().nullable(),
  message: z.json(),
  error: z.string(),
  attempts: z.int(),
  firstFailedAt: Instant,
  deadAt: Instant,
});
export const ListDeadLetters = defineCall('events.deadLetters', {
  kind: 'query',
  input: z.strictObject({ ...paging, consumer: text(1, 100).optional() }),
  output: pageOf(DeadLetter),
});
/** Gives the message to its consumer once more; the letter goes when that succeeds. */
export const RedriveDeadLetter = defineCall('events.redrive', {
  kind: 'command',
  input: z.object({ id: Id }),
  output: z.object({
    id: Id,
    outcome: z.enum(['consumed', 'duplicate', 'failed']),
    error: z.string().optional(),
  }),
});
export const DropDeadLetter = defineCall('events.drop', {
  kind: 'command',
  input: z.object({ id: Id }),
  output: Nothing,
});

/** Answered by every service's host for its own consumers: applies one event now. `again`: also when it was applied. */
export const redeliver = (service: string) =>
  defineCall(`${service}.redeliver`, {
    kind: 'command',
    input: z.object({ consumer: z.string(), message: z.json(), again: z.boolean() }),
    output: z.object({ outcome: z.enum(['consumed', 'duplicate', 'failed']), error: z.string().optional() }),
  });
