import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { SessionCheck } from '@order-system/auth/session-check';
import { type AccessTokens, unauthenticated } from '@order-system/auth/tokens';
import { DomainError } from '@order-system/contracts/errors';
import { SocketAuth, type UserSocket } from './socket-auth.js';

/** What auth says of the session when it is asked. */
let session: 'alive' | 'over' | 'unknown' = 'alive';
let role: 'user' | 'admin' = 'admin';

const actorOf = async () => {
  if (session === 'over') throw unauthenticated('The session has ended; sign in again.');
  if (session === 'unknown') throw new DomainError('SERVICE_UNAVAILABLE', 'auth is away.');
  return { id: 'ada', role, sessionId: 's' };
};
const verify = () => ({ sub: 'ada', sid: 's', exp: Date.now() / 1000 + 3600 });

async function admitted() {
  const disconnect = jest.fn();
  const room = { join: async () => undefined, on: () => undefined, disconnect };
  const socket = { handshake: { auth: { token: 't' } }, ...room } as unknown as UserSocket;
  const tokens = { verify } as unknown as AccessTokens;
  const auth = new SocketAuth(tokens, { actorOf } as unknown as SessionCheck, async () => false);
  await auth.admit(socket);
  return { disconnect, settle: () => auth.settle(socket) };
}

describe('a socket whose session ends without its gateway being told', () => {
  beforeEach(() => {
    session = 'alive';
    role = 'admin';
    jest.useFakeTimers();
  });
  afterEach(() => void jest.useRealTimers());

  it('is let go at once when that was while it was being let in', async () => {
    const { disconnect, settle } = await admitted();
    session = 'over';
    await settle();
    expect(disconnect).toHaveBeenCalledTimes(1);
  });

  it('is let go within half a minute, and stays while nobody can tell', async () => {
    const { disconnect, settle } = await admitted();
    await settle();
    session = 'unknown';
    await jest.advanceTimersByTimeAsync(60_000);
    expect(disconnect).not.toHaveBeenCalled();
    session = 'over';
    await jest.advanceTimersByTimeAsync(30_000);
    expect(disconnect).toHaveBeenCalledTimes(1);
  });

  it('is let go when its user has become somebody else, to come back as that', async () => {
    const { disconnect, settle } = await admitted();
    await settle();
    role = 'user';
    await jest.advanceTimersByTimeAsync(30_000);
    expect(disconnect).toHaveBeenCalledTimes(1);
  });
});
