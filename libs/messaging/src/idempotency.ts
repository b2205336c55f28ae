import { createHash } from 'node:crypto';
import type { Call, CallInput, CallOutput } from '@order-system/contracts/define';
import { DomainError } from '@order-system/contracts/errors';
import type { Tx } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';
import { z } from 'zod';
import type { MessageContext } from './context.js';

/** The same for the same request, whatever the order of its fields. */
export const requestHash = (call: Call, input: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify([call.name, sorted(z.encode(call.input, input))]))
    .digest('hex');

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
};

export const keyReused = (): DomainError =>
  new DomainError(
    'IDEMPOTENCY_KEY_REUSED',
    'This Idempotency-Key was sent with another request; use a new one.',
    {
      errors: [{ path: 'Idempotency-Key', message: 'belongs to another request' }],
    },
  );

/** Nearly always it ends within the second; what became of one whose process died shows after its lease. */
export const stillRunning = (): DomainError =>
  new DomainError(
    'IDEMPOTENCY_IN_PROGRESS',
    'The first request under this Idempotency-Key is still running.',
  );

/** For `once`: a guest sends keys of `holder`, a customer still their own. */
export const withKeysOf = (holder: string, ctx: MessageContext): MessageContext =>
  ctx.actor.id === null ? { ...ctx, actor: { ...ctx.actor, id: holder } } : ctx;

/**
 * Runs a command once per (user, Idempotency-Key) and answers its repetitions alike. The key is taken first, in the
 * command's own transaction: a repetition that comes meanwhile waits for its outcome. Guests have no keys of their own,
 * only those of what `withKeysOf` names.
 */
export async function once<C extends Call>(
  tx: Tx,
  ctx: MessageContext,
  call: C,
  input: CallInput<C>,
  work: () => Promise<CallOutput<C>>,
): Promise<CallOutput<C>> {
  const { idempotencyKey: key, actor } = ctx;
  if (key === undefined || actor.id === null) return work();
  const first = await takeKey(tx, ctx, call, input);
  if (first !== 'new') return call.output.parse(first.response) as CallOutput<C>;
  const output = await work();
  await tx.execute(sql`
    UPDATE events.idempotency_key SET response = ${JSON.stringify(z.encode(call.output, output))}::jsonb
    WHERE service = substr(current_user, 5) AND actor = ${actor.id} AND key = ${key}`);
  return output;
}

/** Removes what any service has answered to somebody under their keys: it may hold what they wrote. */
export async function forgetKeysOf(tx: Tx, userId: string): Promise<void> {
  await tx.execute(sql`DELETE FROM events.idempotency_key WHERE actor = ${userId}`);
}

/** What a command of several transactions answered under the key of this request, if it has. */
export async function firstAnswer<C extends Call>(
  tx: Tx,
  ctx: MessageContext,
  call: C,
  input: CallInput<C>,
): Promise<CallOutput<C> | undefined> {
  const first = await findKey(tx, ctx, requestHash(call, input));
  return first && (call.output.parse(first.response) as CallOutput<C>);
}

/** A key that was taken; the response is null while a command of several transactions is under way. */
interface Taken {
  response: unknown;
}

/** Takes the key of a request, which must have one, or finds what was answered under it. */
export async function takeKey<C extends Call>(
  tx: Tx,
  ctx: MessageContext,
  call: C,
  input: CallInput<C>,
): Promise<'new' | Taken> {
  const hash = requestHash(call, input);
  const taken = await tx.execute(sql`
    INSERT INTO events.idempotency_key (service, actor, key, call, request_hash, response)
    VALUES (substr(current_user, 5), ${ctx.actor.id}, ${ctx.idempotencyKey}, ${call.name}, ${hash}, 'null')
    ON CONFLICT DO NOTHING`);
  if (taken === 1) return 'new';
  const first = await findKey(tx, ctx, hash);
  if (first === undefined) throw keyReused();
  return first;
}

async function findKey(
  tx: Tx,
  { actor, idempotencyKey: key }: MessageContext,
  hash: string,
): Promise<Taken | undefined> {
  const found = await tx.one<Taken & { request_hash: string }>(sql`
    SELECT request_hash, response FROM events.idempotency_key
    WHERE service = substr(current_user, 5) AND actor = ${actor.id} AND key = ${key}`);
  if (found !== undefined && found.request_hash !== hash) throw keyReused();
  return found;
}
