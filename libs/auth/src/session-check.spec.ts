import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { AuthOfTheTest } from './access.fixture.js';
import { SessionCheck } from './session-check.js';

const sub = '0199aaaa-0000-7000-8000-000000000001';
const sid = '0199aaaa-0000-7000-8000-000000000002';
const HOUR_MS = 3_600_000;
const [recent, fresh] = [{ fresh: false }, { fresh: true }];

let auth: AuthOfTheTest;
let sessions: SessionCheck;
beforeEach(() => {
  auth = new AuthOfTheTest();
  auth.session = { userId: sub, role: 'admin' };
  sessions = new SessionCheck(auth);
});
afterEach(() => {
  jest.useRealTimers();
});

/** Holds auth's answers back until it is called. */
function hold(): () => void {
  let release = () => {};
  auth.gate = new Promise((resolve) => (release = resolve));
  return release;
}

it('says who the bearer is now, not when the token was issued', async () => {
  expect(await sessions.actorOf({ sub, sid }, recent)).toEqual({ id: sub, role: 'admin', sessionId: sid });
});

it('remembers an answer for five seconds', async () => {
  jest.useFakeTimers({ now: 0, doNotFake: ['nextTick', 'queueMicrotask'] });
  await sessions.actorOf({ sub, sid }, recent);
  jest.advanceTimersByTime(4999);
  await sessions.actorOf({ sub, sid }, recent);
  expect(auth.asked).toHaveLength(1);
  jest.advanceTimersByTime(1);
  await sessions.actorOf({ sub, sid }, recent);
  expect(auth.asked).toHaveLength(2);
});

it('remembers it no longer when the clock is set back meanwhile', async () => {
  jest.useFakeTimers({ now: HOUR_MS, doNotFake: ['nextTick', 'queueMicrotask'] });
  await sessions.actorOf({ sub, sid }, recent);
  auth.session = null;
  jest.setSystemTime(0);
  jest.advanceTimersByTime(5000);
  await expect(sessions.actorOf({ sub, sid }, recent)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

it('asks afresh where it matters', async () => {
  await sessions.actorOf({ sub, sid }, recent);
  auth.session = { userId: sub, role: 'user' };
  expect(await sessions.actorOf({ sub, sid }, recent)).toMatchObject({ role: 'admin' });
  expect(await sessions.actorOf({ sub, sid }, fresh)).toMatchObject({ role: 'user' });
  expect(await sessions.actorOf({ sub, sid }, recent)).toMatchObject({ role: 'user' });
});

it('asks once for many at the same time', async () => {
  await Promise.all(Array.from({ length: 50 }, () => sessions.actorOf({ sub, sid }, recent)));
  expect(auth.asked).toHaveLength(1);
});

it('does not take for fresh what was asked before; those who wait share the next call', async () => {
  const release = hold();
  const early = sessions.actorOf({ sub, sid }, fresh);
  auth.session = { userId: sub, role: 'user' };
  const late = Array.from({ length: 50 }, () => sessions.actorOf({ sub, sid }, fresh));
  release();
  expect(await early).toMatchObject({ role: 'admin' });
  for (const actor of await Promise.all(late)) expect(actor).toMatchObject({ role: 'user' });
  expect(auth.asked).toHaveLength(2);
});

it('refuses a session that has ended and one of another user', async () => {
  auth.session = null;
  await expect(sessions.actorOf({ sub, sid }, fresh)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  auth.session = { userId: sid, role: 'user' };
  await expect(sessions.actorOf({ sub, sid }, fresh)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

it('forgets a session, also when an answer about it is under way', async () => {
  const release = hold();
  const early = sessions.actorOf({ sub, sid }, recent);
  sessions.forgetSession(sid);
  auth.session = null;
  release();
  await early;
  await expect(sessions.actorOf({ sub, sid }, recent)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

it('forgets all sessions of a user, those it does not know the user of yet too, and of no other one', async () => {
  const theirs = { sub: '0199aaaa-0000-7000-8000-000000000003', sid: '0199aaaa-0000-7000-8000-000000000004' };
  auth.session = { userId: theirs.sub, role: 'user' };
  await sessions.actorOf(theirs, recent);
  auth.session = { userId: sub, role: 'admin' };
  await sessions.actorOf({ sub, sid }, recent);
  const another = { sub, sid: '0199aaaa-0000-7000-8000-000000000005' };
  const release = hold();
  const early = sessions.actorOf(another, recent);
  sessions.forgetUser(sub);
  auth.session = null;
  release();
  await early;
  for (const one of [{ sub, sid }, another])
    await expect(sessions.actorOf(one, recent)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  await expect(sessions.actorOf(theirs, recent)).resolves.toMatchObject({ id: theirs.sub });
});

it('remembers no failure', async () => {
  auth.isAway = true;
  const failed = Promise.allSettled([
    sessions.actorOf({ sub, sid }, recent),
    sessions.actorOf({ sub, sid }, fresh),
  ]);
  for (const one of await failed) expect(one).toMatchObject({ reason: { code: 'SERVICE_UNAVAILABLE' } });
  auth.isAway = false;
  await expect(sessions.actorOf({ sub, sid }, recent)).resolves.toMatchObject({ id: sub });
});
