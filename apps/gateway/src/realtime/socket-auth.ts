import { randomUUID } from 'node:crypto';
import { SessionCheck } from '@order-system/auth/session-check';
import { AccessTokens, unauthenticated } from '@order-system/auth/tokens';
import { DomainError, hasCode } from '@order-system/contracts/errors';
import type { Actor } from '@order-system/contracts/primitives';
import { deadlineIn, type MessageContext } from '@order-system/messaging/context';
import { logger } from '@order-system/observability/logger';
import type { DefaultEventsMap, Server, Socket } from 'socket.io';
import { rooms } from './pushes.js';

const log = logger('realtime');
const RECHECK_MS = 30_000;

interface SocketData {
  actor: Actor & { id: string; sessionId: string };
  /** Epoch seconds. */
  expiresAt: number;
}
export type UserSocket = Socket<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, SocketData>;
export type RealtimeServer = Server<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, SocketData>;

/** It is known that they may not come in; any other error only says that they cannot now. */
export const isRefusal = (error: unknown): boolean => hasCode(error, 'UNAUTHENTICATED');

/** Lets in who has a token of a living session, and sees to it that nobody stays longer than that. */
export class SocketAuth {
  constructor(
    private readonly tokens: AccessTokens,
    private readonly sessions: SessionCheck,
    /** Counts what a user asks for; true when this is too much. */
    private readonly isTooMuch: (userId: string) => Promise<boolean>,
  ) {}

  /** For `io.use`: nothing is emitted before it has said yes. Throws a refusal, or why not now. */
  async admit(socket: UserSocket): Promise<void> {
    const { token } = socket.handshake.auth as { token?: unknown };
    if (typeof token !== 'string') throw unauthenticated('There is no token.');
    const claims = this.tokens.verify(token.replace(/^Bearer /, ''));
    if (await this.isTooMuch(claims.sub)) throw new DomainError('RATE_LIMITED', 'Too many requests.');
    const { id, role } = await this.sessions.actorOf(claims, { fresh: true });
    if (id === null) throw unauthenticated('There is no user.');
    socket.data = { actor: { id, role, sessionId: claims.sid }, expiresAt: claims.exp };
  }

  /** Puts the socket where its pushes come by, until its token expires or its session is found to be over. */
  async settle(socket: UserSocket): Promise<void> {
    const { actor, expiresAt } = socket.data;
    const own = [rooms.everyone, rooms.user(actor.id), rooms.session(actor.sessionId)];
    await socket.join(actor.role === 'admin' ? [...own, rooms.admins] : own);
    // A timer may run 24 days at most; sockets that old are checked again below.
    const left = Math.min(expiresAt * 1000 - Date.now(), 2 ** 31 - 1);
    const expiry = setTimeout(() => socket.disconnect(true), Math.max(0, left)).unref();
    // Events end sockets at once; this finds what an outage of the broker or of Redis has swallowed.
    const recheck = setInterval(() => void this.recheck(socket, { fresh: false }), RECHECK_MS).unref();
    socket.on('disconnect', () => {
      clearTimeout(expiry);
      clearInterval(recheck);
    });
    // An end that was told between the admission and the joining found nobody to cut.
    await this.recheck(socket, { fresh: true });
  }

  private async recheck(socket: UserSocket, how: { fresh: boolean }): Promise<void> {
    const { actor } = socket.data;
    try {
      const now = await this.sessions.actorOf({ sub: actor.id, sid: actor.sessionId }, how);
      if (now.role !== actor.role) socket.disconnect(true);
    } catch (error) {
      if (isRefusal(error)) socket.disconnect(true);
      else log.debug({ err: error }, 'a session could not be checked');
    }
  }
}

export const contextOf = ({ data }: UserSocket): MessageContext => ({
  correlationId: randomUUID(),
  actor: data.actor,
  deadline: deadlineIn(),
});
