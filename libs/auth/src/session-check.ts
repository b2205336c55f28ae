import { Injectable } from '@nestjs/common';
import { CheckSession } from '@order-system/contracts/auth.contracts';
import type { CallOutput } from '@order-system/contracts/define';
import type { Actor } from '@order-system/contracts/primitives';
import { systemContext } from '@order-system/messaging/context';
import { RpcClient } from '@order-system/messaging/rpc-client';
import { type Claims, unauthenticated } from './tokens.js';

type Session = CallOutput<typeof CheckSession>['session'];

interface Known {
  kept?: { session: Session; askedAt: number };
  running?: Promise<Session>;
  /** The call that starts when the running one is over. */
  next?: Promise<Session>;
}

const KEPT_MS = 5000;
const MOST_SESSIONS = 10_000;
const nothing = () => undefined;

/** Asks auth whether sessions are alive, and remembers the answers for a few seconds. */
@Injectable()
export class SessionCheck {
  private readonly sessions = new Map<string, Known>();

  constructor(private readonly rpc: RpcClient) {}

  /**
   * Who the bearer of a token is now. `fresh`: by an answer that auth gives after this moment, else one of the last
   * 5 seconds will do. Throws UNAUTHENTICATED when the session has ended, SERVICE_UNAVAILABLE when auth is away.
   */
  async actorOf({ sub, sid }: Pick<Claims, 'sub' | 'sid'>, { fresh }: { fresh: boolean }): Promise<Actor> {
    const session = await (fresh ? this.askFromNow(sid) : this.recall(sid));
    if (session?.userId !== sub) throw unauthenticated('The session has ended; sign in again.');
    return { id: sub, role: session.role, sessionId: sid };
  }

  /** After a logout: the next request is checked anew. */
  forgetSession(sessionId: string): void {
    this.sessions.delete(sessionId);
  }

  /** After the end of an account or a change of its role: the next request of each of its sessions is checked anew. */
  forgetUser(userId: string): void {
    for (const [id, { kept }] of this.sessions)
      // Without an answer it may be one of theirs.
      if (kept === undefined || kept.session?.userId === userId) this.sessions.delete(id);
  }

  private recall(id: string): Session | Promise<Session> {
    const kept = this.sessions.get(id)?.kept;
    return kept && performance.now() - kept.askedAt < KEPT_MS ? kept.session : this.ask(id);
  }

  /** A call that is already running may have read what has changed since; all who wait for it share the next one. */
  private askFromNow(id: string): Promise<Session> {
    const known = this.sessions.get(id);
    if (!known?.running) return this.ask(id);
    known.next ??= known.running.then(nothing, nothing).then(() => this.ask(id));
    return known.next;
  }

  private ask(id: string): Promise<Session> {
    const before = this.sessions.get(id);
    if (before?.running) return before.running;
    const known: Known = { kept: before?.kept };
    this.remember(id, known);
    const askedAt = performance.now();
    known.running = this.rpc
      .call(CheckSession, { sessionId: id }, systemContext())
      .then(({ session }) => {
        known.kept = { session, askedAt };
        return session;
      })
      .finally(() => {
        known.running = undefined;
      });
    return known.running;
  }

  private remember(id: string, known: Known): void {
    this.sessions.delete(id);
    this.sessions.set(id, known);
    if (this.sessions.size <= MOST_SESSIONS) return;
    const [oldest] = this.sessions.keys();
    if (oldest !== undefined) this.sessions.delete(oldest);
  }
}
