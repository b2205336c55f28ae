import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { sql } from '@order-system/prisma/sql';
import { type Auth, startAuth } from '../auth.fixture.js';
import { PASSWORD, as, asGuest, eventsOf, givenUser } from '../user/user.fixture.js';
import { PruneSessions } from './prune-sessions.job.js';
import { startSession } from './log-in.js';
import { countFailure } from '../password/credentials.store.js';

let auth: Auth;
beforeAll(async () => {
  auth = await startAuth();
});
afterAll(() => auth.close());

async function givenSession() {
  const user = await givenUser(auth.db);
  const login = await auth.sessions.logIn({ email: user.email, password: PASSWORD }, asGuest());
  const { sid } = auth.tokens.verify(login.token);
  return { user, login, sessionId: sid };
}
const refresh = (refreshToken: string) => auth.sessions.refresh({ refreshToken }, asGuest());
const isAlive = async (sessionId: string) => (await auth.sessions.check({ sessionId })).session !== null;
const useLongAgo = (sessionId: string) =>
  auth.db.execute(
    sql`UPDATE auth.refresh_token SET used_at = used_at - interval '11 seconds' WHERE session_id = ${sessionId}`,
  );
const codesOf = (results: PromiseSettledResult<unknown>[]) =>
  results.map((one) => (one.status === 'fulfilled' ? 'ok' : String((one.reason as { code?: string }).code)));

describe('logging in', () => {
  it('opens a session and tells of it, with the basket of the guest', async () => {
    const user = await givenUser(auth.db);
    const basketId = randomUUID();
    const login = await auth.sessions.logIn({ email: user.email, password: PASSWORD, basketId }, asGuest());
    expect(login).toMatchObject({ expiresIn: 600, user: { id: user.id, email: user.email, role: 'user' } });
    const claims = auth.tokens.verify(login.token);
    expect(await auth.sessions.check({ sessionId: claims.sid })).toEqual({
      session: { userId: user.id, role: 'user' },
    });
    expect(await eventsOf(auth.db, user.id)).toEqual([
      { type: 'user.created', version: 1, data: { userId: user.id, role: 'user' }, queued: true },
      { type: 'user.login', version: 2, data: { userId: user.id, basketId }, queued: true },
    ]);
  });

  it('keeps no refresh token that could be read from the table', async () => {
    const { login } = await givenSession();
    expect(
      await auth.db.query(sql`SELECT 1 FROM auth.refresh_token WHERE hash = ${login.refreshToken}`),
    ).toEqual([]);
  });

  it('answers an unknown address like a wrong password', async () => {
    const user = await givenUser(auth.db);
    const refusals = await Promise.allSettled([
      auth.sessions.logIn({ email: user.email, password: 'Wrong1234' }, asGuest()),
      auth.sessions.logIn({ email: `${randomUUID()}@example.com`, password: PASSWORD }, asGuest()),
    ]);
    expect(codesOf(refusals)).toEqual(['INVALID_CREDENTIALS', 'INVALID_CREDENTIALS']);
    expect(new Set(refusals.map((one) => (one as PromiseRejectedResult).reason.message)).size).toBe(1);
  });

  it.each(['known', 'unknown'])(
    'locks a %s account after five failures, also for the right password',
    async (kind) => {
      const user = kind === 'known' ? await givenUser(auth.db) : { email: `${randomUUID()}@example.com` };
      const logIn = (password: string) => auth.sessions.logIn({ email: user.email, password }, asGuest());
      for (let failure = 1; failure <= 5; failure += 1)
        await expect(logIn('Wrong1234')).rejects.toMatchObject({ code: 'INVALID_CREDENTIALS' });
      await expect(logIn(PASSWORD)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
      await expect(logIn('Wrong1234')).rejects.toMatchObject({
        code: 'RATE_LIMITED',
        facts: { retryAfter: 900 },
      });
    },
  );

  it('lets in again when the lock is over', async () => {
    const user = await givenUser(auth.db);
    const logIn = (password: string) => auth.sessions.logIn({ email: user.email, password }, asGuest());
    for (let failure = 1; failure <= 5; failure += 1) await logIn('Wrong1234').catch(() => undefined);
    await auth.db.execute(
      sql`UPDATE auth.login_failure SET locked_until = now() WHERE locked_until IS NOT NULL`,
    );
    await expect(logIn('Wrong1234')).rejects.toMatchObject({ code: 'INVALID_CREDENTIALS' });
    await expect(logIn(PASSWORD)).resolves.toMatchObject({ user: { id: user.id } });
  });

  it('counts anew after a success', async () => {
    const user = await givenUser(auth.db);
    const logIn = (password: string) => auth.sessions.logIn({ email: user.email, password }, asGuest());
    for (let round = 1; round <= 2; round += 1) {
      for (let failure = 1; failure <= 4; failure += 1) await logIn('Wrong1234').catch(() => undefined);
      await expect(logIn(PASSWORD)).resolves.toBeDefined();
    }
  });

  it('counts only what failed within a quarter of an hour', async () => {
    const user = await givenUser(auth.db);
    const fail = async () => {
      for (let failure = 1; failure <= 4; failure += 1)
        await auth.sessions
          .logIn({ email: user.email, password: 'Wrong1234' }, asGuest())
          .catch(() => undefined);
    };
    await fail();
    await auth.db.execute(sql`UPDATE auth.login_failure SET last_at = now() - interval '16 minutes'`);
    await fail();
    await expect(
      auth.sessions.logIn({ email: user.email, password: PASSWORD }, asGuest()),
    ).resolves.toMatchObject({ user: { id: user.id } });
  });

  it('is refused when the password was changed while it was being checked', async () => {
    const { id, email, passwordHash } = await givenUser(auth.db);
    const checked = { userId: id, passwordHash };
    await auth.users.updateProfile(
      { password: 'Another123', currentPassword: PASSWORD },
      as({ id, role: 'user' }),
    );
    const start = () =>
      auth.db.inTx((tx) => startSession(tx, { email, checked, lifetimeMs: 60_000 }, asGuest()));
    await expect(start()).rejects.toMatchObject({ code: 'INVALID_CREDENTIALS' });
  });

  it('is refused when the account was locked meanwhile: among many guesses the right one must not stand out', async () => {
    const { id, email, passwordHash } = await givenUser(auth.db);
    for (let failure = 1; failure <= 5; failure += 1) await countFailure(auth.db, email);
    const checked = { userId: id, passwordHash };
    const start = () =>
      auth.db.inTx((tx) => startSession(tx, { email, checked, lifetimeMs: 60_000 }, asGuest()));
    await expect(start()).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    await expect(start()).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  });

  it('takes no longer password than the one that was set', async () => {
    const longest = `Aa1${'x'.repeat(69)}`;
    const { email } = await auth.users.register(
      { email: `${randomUUID()}@example.com`, password: longest },
      asGuest(),
    );
    const logIn = (password: string) => auth.sessions.logIn({ email, password }, asGuest());
    await expect(logIn(`${longest}y`)).rejects.toMatchObject({ code: 'INVALID_CREDENTIALS' });
    await expect(logIn(longest)).resolves.toBeDefined();
  });

  it('counts parallel failures one by one', async () => {
    const user = await givenUser(auth.db);
    const guesses = Array.from({ length: 20 }, () =>
      auth.sessions.logIn({ email: user.email, password: 'Wrong1234' }, asGuest()),
    );
    const codes = codesOf(await Promise.allSettled(guesses));
    expect(codes.filter((code) => code === 'INVALID_CREDENTIALS')).toHaveLength(5);
    expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(15);
  });
});

describe('refreshing', () => {
  it('gives exactly one successor to 20 parallel requests', async () => {
    const { login, sessionId } = await givenSession();
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => refresh(login.refreshToken)));
    const codes = codesOf(results);
    expect(codes.filter((code) => code === 'ok')).toHaveLength(1);
    expect(codes.filter((code) => code === 'REFRESH_RACED')).toHaveLength(19);
    const unused = await auth.db.query(
      sql`SELECT 1 FROM auth.refresh_token WHERE session_id = ${sessionId} AND used_at IS NULL`,
    );
    expect(unused).toHaveLength(1);
    const winner = results.find((one) => one.status === 'fulfilled');
    await expect(refresh(winner!.value.refreshToken)).resolves.toMatchObject({ user: { id: login.user.id } });
  });

  it('ends the session when a used token comes back later', async () => {
    const { login, sessionId } = await givenSession();
    const { refreshToken } = await refresh(login.refreshToken);
    await useLongAgo(sessionId);
    await expect(refresh(login.refreshToken)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await isAlive(sessionId)).toBe(false);
    await expect(refresh(refreshToken)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('ends the session when a token comes back whose successor has been used, however soon', async () => {
    const { login, sessionId } = await givenSession();
    const second = await refresh(login.refreshToken);
    await expect(refresh(login.refreshToken)).rejects.toMatchObject({ code: 'REFRESH_RACED' });
    const third = await refresh(second.refreshToken);
    await expect(refresh(second.refreshToken)).rejects.toMatchObject({ code: 'REFRESH_RACED' });
    expect(await isAlive(sessionId)).toBe(true);
    await expect(refresh(login.refreshToken)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await isAlive(sessionId)).toBe(false);
    await expect(refresh(third.refreshToken)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('does not outlive the session', async () => {
    const { login, sessionId } = await givenSession();
    await auth.db.execute(
      sql`UPDATE auth.session SET expires_at = now() - interval '1 second' WHERE id = ${sessionId}`,
    );
    await expect(refresh(login.refreshToken)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await isAlive(sessionId)).toBe(false);
  });

  it('does not prolong the session', async () => {
    const { login, sessionId } = await givenSession();
    const end = () => auth.db.query(sql`SELECT expires_at FROM auth.session WHERE id = ${sessionId}`);
    const before = await end();
    await refresh(login.refreshToken);
    expect(await end()).toEqual(before);
  });

  it('refuses what was never issued', async () => {
    await expect(refresh('made-up')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});

describe('logging out', () => {
  it('ends this session and no other', async () => {
    const { user, login, sessionId } = await givenSession();
    const other = await auth.sessions.logIn({ email: user.email, password: PASSWORD }, asGuest());
    await auth.sessions.logOut({}, as(user, sessionId));
    await auth.sessions.logOut({}, as(user, sessionId));
    expect(await isAlive(sessionId)).toBe(false);
    expect(await isAlive(auth.tokens.verify(other.token).sid)).toBe(true);
    await expect(refresh(login.refreshToken)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('is for those who are signed in', async () => {
    await expect(auth.sessions.logOut({}, asGuest())).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});

it('cleans up what is over and keeps the used tokens of living sessions, and locks', async () => {
  const living = await givenSession();
  const locked = { email: `${randomUUID()}@example.com`, password: 'Wrong1234' };
  for (let failure = 1; failure <= 5; failure += 1)
    await auth.sessions.logIn(locked, asGuest()).catch(() => undefined);
  const over = await givenSession();
  await refresh(living.login.refreshToken);
  await auth.db.execute(
    sql`UPDATE auth.session SET expires_at = now() - interval '1 second' WHERE id = ${over.sessionId}`,
  );
  await auth.db.execute(sql`
    INSERT INTO auth.login_failure (email_hash, failures, last_at) VALUES ('old', 1, now() - interval '2 days')`);
  await new PruneSessions(auth.db).run();
  await expect(auth.sessions.logIn(locked, asGuest())).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  const tokensOf = (id: string) =>
    auth.db.query(sql`SELECT 1 FROM auth.refresh_token WHERE session_id = ${id}`);
  expect(await tokensOf(living.sessionId)).toHaveLength(2);
  expect(await tokensOf(over.sessionId)).toHaveLength(0);
  expect(await auth.db.query(sql`SELECT 1 FROM auth.session WHERE id = ${over.sessionId}`)).toEqual([]);
  expect(await auth.db.query(sql`SELECT 1 FROM auth.login_failure WHERE email_hash = 'old'`)).toEqual([]);
});
