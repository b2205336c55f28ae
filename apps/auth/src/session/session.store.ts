import { createHash, randomBytes } from 'node:crypto';
import { SessionEnded } from '@order-system/contracts/auth.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import { emit, fact } from '@order-system/messaging/outbox';
import type { Tx } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import type { OldToken } from './session.rules.js';

type EndReason = 'logout' | 'reuse' | 'password' | 'deleted';

/** 256 random bits, of which only the hash is stored; nothing can be read from it. */
const newToken = (): string => randomBytes(32).toString('base64url');
const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

export async function openSession(
  tx: Tx,
  { userId, lifetimeMs }: { userId: string; lifetimeMs: number },
): Promise<{ sessionId: string; refreshToken: string }> {
  const sessionId = newId();
  const refreshToken = newToken();
  await tx.execute(sql`
    WITH opened AS (
      INSERT INTO auth.session (id, user_id, expires_at)
      VALUES (${sessionId}, ${userId}, now() + ${lifetimeMs}::float8 * interval '1 millisecond') RETURNING id
    )
    INSERT INTO auth.refresh_token (hash, session_id) SELECT ${hashOf(refreshToken)}, id FROM opened`);
  return { sessionId, refreshToken };
}

/** Of any number of parallel uses of a token exactly one gets its session, the others nothing. */
export const useToken = (tx: Tx, token: string): Promise<{ sessionId: string; userId: string } | undefined> =>
  tx.one(sql`
    UPDATE auth.refresh_token t SET used_at = now()
    FROM auth.session s JOIN auth."user" u ON u.id = s.user_id
    WHERE t.hash = ${hashOf(token)} AND t.used_at IS NULL AND s.id = t.session_id
      AND s.ended_at IS NULL AND s.expires_at > now() AND u.deleted_at IS NULL
    RETURNING t.session_id AS "sessionId", s.user_id AS "userId"`);

export async function addToken(tx: Tx, sessionId: string): Promise<string> {
  const token = newToken();
  await tx.execute(
    sql`INSERT INTO auth.refresh_token (hash, session_id) VALUES (${hashOf(token)}, ${sessionId})`,
  );
  return token;
}

/** A session's tokens are one chain: what was used after this one came of it. */
export async function findToken(
  tx: Tx,
  token: string,
): Promise<(OldToken & { sessionId: string }) | undefined> {
  return tx.one(sql`
    SELECT t.session_id AS "sessionId", s.ended_at IS NULL AND s.expires_at > now() AS "isSessionAlive",
      (extract(epoch FROM clock_timestamp() - t.used_at) * 1000)::float8 AS "usedMsAgo",
      EXISTS (
        SELECT FROM auth.refresh_token later WHERE later.session_id = t.session_id AND later.used_at > t.used_at
      ) AS "isSuccessorUsed"
    FROM auth.refresh_token t JOIN auth.session s ON s.id = t.session_id WHERE t.hash = ${hashOf(token)}`);
}

export async function endSession(
  tx: Tx,
  ctx: MessageContext,
  { sessionId, reason }: { sessionId: string; reason: EndReason },
): Promise<void> {
  const ended = await tx.query<Ended>(sql`
    UPDATE auth.session SET ended_at = now(), end_reason = ${reason} WHERE id = ${sessionId} AND ended_at IS NULL
    RETURNING id, user_id`);
  await tell(tx, ctx, ended, reason);
}

/** All sessions of a user, or all but one. */
export async function endSessions(
  tx: Tx,
  ctx: MessageContext,
  { userId, reason, except }: { userId: string; reason: EndReason; except?: string | undefined },
): Promise<void> {
  const ended = await tx.query<Ended>(sql`
    UPDATE auth.session SET ended_at = now(), end_reason = ${reason}
    WHERE user_id = ${userId} AND ended_at IS NULL AND id IS DISTINCT FROM ${except ?? null}::uuid
    RETURNING id, user_id`);
  await tell(tx, ctx, ended, reason);
}

interface Ended {
  id: string;
  user_id: string;
}

/** A session ends once, so this is the only fact of its life. */
const tell = (tx: Tx, ctx: MessageContext, ended: Ended[], reason: EndReason): Promise<void> =>
  emit(
    tx,
    ctx,
    ended.map(({ id, user_id }) =>
      fact(SessionEnded, { type: 'session', id, version: 1 }, { userId: user_id, sessionId: id, reason }),
    ),
  );
