import { randomUUID } from 'node:crypto';
import { type Actor, SYSTEM } from '@order-system/contracts/primitives';

/** Who and what a message is about; it travels beside the message, not in it. */
export interface MessageContext {
  /** The same in everything that one request or timer caused, in every service. */
  readonly correlationId: string;
  /** The event that caused this. */
  readonly causationId?: string;
  readonly actor: Actor;
  /** By `performance.now()`, as the time of day may be set meanwhile: after that nobody waits for the answer. */
  readonly deadline: number;
  readonly idempotencyKey?: string;
}

/** How long anything may take at most. */
const BUDGET_MS = 10_000;

/** A deadline. */
export const deadlineIn = (ms: number = BUDGET_MS): number => performance.now() + ms;

/** Milliseconds until the deadline, less than none after it. */
export const msLeft = ({ deadline }: Pick<MessageContext, 'deadline'>): number =>
  deadline - performance.now();

/** For what no person asked for: timers, start-up. */
export const systemContext = (correlationId: string = randomUUID()): MessageContext => ({
  correlationId,
  actor: SYSTEM,
  deadline: deadlineIn(),
});

/** The headers of a call. They say how long there is, not until when: the clocks of two machines need not agree. */
export const toHeaders = (ctx: MessageContext, patienceMs: number): Record<string, string | number> => ({
  'x-correlation-id': ctx.correlationId,
  'x-patience': patienceMs,
  'x-actor': JSON.stringify(ctx.actor),
  ...(ctx.idempotencyKey === undefined ? {} : { 'x-idempotency-key': ctx.idempotencyKey }),
});

/** @param lateMs how long it may have lain before the door */
export function fromHeaders(headers: Record<string, unknown>, lateMs = 0): MessageContext {
  const key = headers['x-idempotency-key'];
  return {
    correlationId: String(headers['x-correlation-id'] ?? randomUUID()),
    actor: JSON.parse(String(headers['x-actor'] ?? '{"id":null,"role":"guest"}')) as Actor,
    deadline: deadlineIn(Number(headers['x-patience'] ?? BUDGET_MS) - lateMs),
    ...(typeof key === 'string' ? { idempotencyKey: key } : {}),
  };
}
