import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { systemContext } from '@order-system/messaging/context';
import { sql } from '@order-system/prisma/sql';
import { type Auth, startAuth } from '../auth.fixture.js';
import { FirstAdmin } from './create-first-admin.js';
import { updateProfile } from './update-profile.js';
import { PASSWORD, as, asGuest, eventsOf, givenUser } from './user.fixture.js';

let auth: Auth;
beforeAll(async () => {
  auth = await startAuth();
});
afterAll(() => auth.close());

const logIn = (email: string, password = PASSWORD) => auth.sessions.logIn({ email, password }, asGuest());
const codesOf = (results: PromiseSettledResult<unknown>[]) =>
  results
    .map((one) => (one.status === 'fulfilled' ? 'ok' : String((one.reason as { code?: string }).code)))
    .sort();
const allAdmins = () => auth.db.query<{ id: string }>(sql`SELECT id FROM auth."user" WHERE role = 'admin'`);
const noAdmins = () => auth.db.execute(sql`UPDATE auth."user" SET role = 'user' WHERE role = 'admin'`);

describe('registering', () => {
  const input = (email: string) => ({ email, password: PASSWORD, name: 'Ada' });

  it('makes one account of parallel registrations of one address', async () => {
    const email = `${randomUUID()}@example.com`;
    const tries = Array.from({ length: 8 }, () => auth.users.register(input(email), asGuest()));
    expect(codesOf(await Promise.allSettled(tries))).toEqual([...Array<string>(7).fill('EMAIL_TAKEN'), 'ok']);
  });

  it('stores the account and its event together', async () => {
    const user = await auth.users.register(input(`${randomUUID()}@example.com`), asGuest());
    expect(user).toMatchObject({ role: 'user', name: 'Ada', phone: null });
    expect(await eventsOf(auth.db, user.id)).toEqual([
      { type: 'user.created', version: 1, data: { userId: user.id, role: 'user' }, queued: true },
    ]);
    await expect(logIn(user.email)).resolves.toMatchObject({ user: { id: user.id } });
  });

  it('makes nobody an admin', async () => {
    const email = `${randomUUID()}@example.com`;
    await expect(auth.users.register({ ...input(email), role: 'admin' }, asGuest())).rejects.toMatchObject({
      code: 'ROLE_NOT_ALLOWED',
    });
    expect(await auth.db.query(sql`SELECT 1 FROM auth."user" WHERE email = ${email}`)).toEqual([]);
  });
});

describe('registering under one Idempotency-Key', () => {
  const first = () => ({ email: `${randomUUID()}@example.com`, password: PASSWORD, name: 'Ada' });
  const keyed = (key: string = randomUUID()) => ({ ...asGuest(), idempotencyKey: key });

  it('makes one account, and gives each repetition its answer', async () => {
    const [input, ctx] = [first(), keyed()];
    const answers = await Promise.all(Array.from({ length: 8 }, () => auth.users.register(input, ctx)));
    answers.push(await auth.users.register(input, ctx));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(await eventsOf(auth.db, answers[0]!.id)).toHaveLength(1);
  });

  it('refuses another body', async () => {
    const [input, ctx] = [first(), keyed()];
    const { id } = await auth.users.register(input, ctx);
    const others = [
      { ...input, password: 'Other1234' },
      { ...input, name: 'Eve' },
      { ...input, phone: '+49 30 1234' },
      { ...input, email: first().email },
    ];
    for (const other of others)
      await expect(auth.users.register(other, ctx)).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
    await auth.users.delete({ id }, as({ id, role: 'user' }));
    await expect(auth.users.register(input, ctx)).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  });

  it('lets nobody guess a password that the login would not let them guess', async () => {
    const [input, ctx] = [first(), keyed('1')];
    await auth.users.register(input, ctx);
    const guess = (password: string) => auth.users.register({ ...input, password }, ctx);
    for (let failure = 1; failure <= 5; failure += 1)
      await expect(guess('Wrong1234')).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
    await expect(guess(PASSWORD)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  });

  it('can be tried again after a refusal', async () => {
    const [input, ctx] = [first(), keyed()];
    const { id } = await givenUser(auth.db, { email: input.email });
    await expect(auth.users.register(input, ctx)).rejects.toMatchObject({ code: 'EMAIL_TAKEN' });
    await auth.users.delete({ id }, as({ id, role: 'user' }));
    expect(await auth.users.register(input, ctx)).toMatchObject({ email: input.email });
  });

  it('keeps with the key nothing of the person', async () => {
    const [input, ctx] = [first(), keyed()];
    const { id } = await auth.users.register(input, ctx);
    const other = keyed();
    await auth.users.register(first(), other);
    const kept = await auth.db.query<{ key: string; response: unknown; hash: string }>(sql`
      SELECT key, response, request_hash AS hash FROM events.idempotency_key
      WHERE key IN (${ctx.idempotencyKey}, ${other.idempotencyKey})`);
    expect(kept.find(({ key }) => key === ctx.idempotencyKey)?.response).toEqual({ id });
    expect(new Set(kept.map(({ hash }) => hash)).size).toBe(1);
  });
});

describe('the own profile', () => {
  it('changes, and says what changed', async () => {
    const user = await givenUser(auth.db);
    await auth.users.updateProfile({ name: 'Ada', phone: '+49 30 1234' }, as(user));
    await auth.users.updateProfile({ name: 'Ada' }, as(user));
    expect(await auth.users.get({ id: user.id }, as(user))).toMatchObject({
      name: 'Ada',
      phone: '+49 30 1234',
    });
    expect((await eventsOf(auth.db, user.id)).slice(1)).toEqual([
      {
        type: 'user.updated',
        version: 2,
        data: { userId: user.id, role: 'user', changed: ['name', 'phone'] },
        queued: true,
      },
    ]);
  });

  it('needs the password in use for a new password or e-mail address', async () => {
    const user = await givenUser(auth.db);
    const email = `${randomUUID()}@example.com`;
    for (const change of [{ email }, { password: 'Another123' }]) {
      await expect(auth.users.updateProfile(change, as(user))).rejects.toMatchObject({
        code: 'VALIDATION_FAILED',
        facts: { errors: [{ path: 'currentPassword' }] },
      });
      await expect(
        auth.users.updateProfile({ ...change, currentPassword: 'Wrong1234' }, as(user)),
      ).rejects.toMatchObject({
        code: 'INVALID_CREDENTIALS',
        detail: 'currentPassword is not the password in use.',
      });
    }
    await auth.users.updateProfile({ email, currentPassword: PASSWORD }, as(user));
    await expect(logIn(email)).resolves.toBeDefined();
  });

  it('ends the other sessions with a new password', async () => {
    const user = await givenUser(auth.db);
    const [here, there] = await Promise.all([logIn(user.email), logIn(user.email)]);
    const [mine, other] = [here, there].map(({ token }) => auth.tokens.verify(token).sid);
    await auth.users.updateProfile({ password: 'Another123', currentPassword: PASSWORD }, as(user, mine));
    expect((await auth.sessions.check({ sessionId: mine! })).session).not.toBeNull();
    expect((await auth.sessions.check({ sessionId: other! })).session).toBeNull();
    await expect(logIn(user.email)).rejects.toMatchObject({ code: 'INVALID_CREDENTIALS' });
    await expect(logIn(user.email, 'Another123')).resolves.toBeDefined();
  });

  it('does not change by a password that was another one when it came to it', async () => {
    const user = await givenUser(auth.db);
    const checked = { userId: user.id, passwordHash: 'the one before' };
    for (const change of [{ passwordHash: 'a new one' }, { email: `${randomUUID()}@example.com` }])
      await expect(
        auth.db.inTx((tx) => updateProfile(tx, { ...change, checked }, as(user))),
      ).rejects.toMatchObject({ code: 'STALE_WRITE' });
  });

  it('cannot take the address of somebody else', async () => {
    const [user, other] = [await givenUser(auth.db), await givenUser(auth.db)];
    await expect(
      auth.users.updateProfile({ email: other.email, currentPassword: PASSWORD }, as(user)),
    ).rejects.toMatchObject({ code: 'EMAIL_TAKEN' });
  });

  it('asks for such an address in a way that PostgreSQL does not write it into its log', async () => {
    const [user, { email }] = [await givenUser(auth.db), await givenUser(auth.db)];
    const checked = { userId: user.id, passwordHash: user.passwordHash };
    await auth.db.inTx(async (tx) => {
      await expect(updateProfile(tx, { email, checked }, as(user))).rejects.toMatchObject({
        code: 'EMAIL_TAKEN',
      });
      // After a statement that failed, and was logged with the address, it would take no other one.
      expect(await tx.one(sql`SELECT 1 AS answer`)).toEqual({ answer: 1 });
    });
  });
});

describe('admins', () => {
  beforeEach(noAdmins);

  it('alone may list users and set roles', async () => {
    const user = await givenUser(auth.db);
    await expect(auth.users.list({ page: 1, limit: 20 }, as(user))).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    await expect(auth.users.setRole({ id: user.id, role: 'admin' }, as(user))).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });

  it('find users by address and name, where % and _ are only letters', async () => {
    const admin = await givenUser(auth.db, { role: 'admin' });
    const mark = randomUUID().slice(0, 8);
    const named = await givenUser(auth.db, { name: `100%_${mark}` });
    const plain = await givenUser(auth.db, { name: `100xx${mark}` });
    const find = (search: string, limit = 20, page = 1) =>
      auth.users.list({ page, limit, search }, as(admin));
    expect(await find(`%_${mark.toUpperCase()}`)).toMatchObject({ total: 1, items: [{ id: named.id }] });
    expect(await find(`\\${mark}`)).toMatchObject({ total: 0 });
    const [name, domain] = plain.email.split('@');
    expect(await find(`${domain} ${mark} ${name}`)).toMatchObject({ total: 1, items: [{ id: plain.id }] });
    expect(await find(mark, 1, 2)).toMatchObject({ total: 2, items: [{ id: plain.id }] });
    expect(await find(plain.email.toUpperCase())).toMatchObject({ total: 1, items: [{ id: plain.id }] });
  });

  it('promote users', async () => {
    const [admin, user] = [await givenUser(auth.db, { role: 'admin' }), await givenUser(auth.db)];
    expect(await auth.users.setRole({ id: user.id, role: 'admin' }, as(admin))).toMatchObject({
      role: 'admin',
    });
    expect((await eventsOf(auth.db, user.id)).at(-1)).toMatchObject({
      type: 'user.updated',
      data: { role: 'admin', changed: ['role'] },
    });
  });

  it('cannot lose the last of them', async () => {
    const admin = await givenUser(auth.db, { role: 'admin' });
    await expect(auth.users.setRole({ id: admin.id, role: 'user' }, as(admin))).rejects.toMatchObject({
      code: 'LAST_ADMIN',
    });
    await expect(auth.users.delete({ id: admin.id }, as(admin))).rejects.toMatchObject({
      code: 'LAST_ADMIN',
    });
  });

  it.each(['demote', 'delete'])('keep one of them when all %s themselves at once', async (what) => {
    const admins = [];
    for (let made = 0; made < 4; made += 1) admins.push(await givenUser(auth.db, { role: 'admin' }));
    const leave = admins.map((admin): Promise<unknown> =>
      what === 'demote'
        ? auth.users.setRole({ id: admin.id, role: 'user' }, as(admin))
        : auth.users.delete({ id: admin.id }, as(admin)),
    );
    expect(codesOf(await Promise.allSettled(leave))).toEqual(['LAST_ADMIN', 'ok', 'ok', 'ok']);
    expect(await allAdmins()).toHaveLength(1);
  });

  it('cannot demote each other at once', async () => {
    const [a, b] = [await givenUser(auth.db, { role: 'admin' }), await givenUser(auth.db, { role: 'admin' })];
    const results = await Promise.allSettled([
      auth.users.setRole({ id: b.id, role: 'user' }, as(a)),
      auth.users.setRole({ id: a.id, role: 'user' }, as(b)),
    ]);
    expect(codesOf(results)).toEqual(['FORBIDDEN', 'ok']);
  });
});

it('addresses are told to services alone', async () => {
  const { id, email } = await givenUser(auth.db, { name: 'Ada' });
  const told = { contacts: [{ id, email, name: 'Ada', phone: null }] };
  expect(await auth.users.contacts({ ids: [id] }, systemContext())).toEqual(told);
  for (const role of ['user', 'admin'] as const)
    await expect(auth.users.contacts({ ids: [id] }, as({ id, role }))).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
});

describe('deleting an account', () => {
  it('forgets what was answered under the keys of who is erased, by whatever service', async () => {
    const [user, other] = [await givenUser(auth.db), await givenUser(auth.db)];
    const keysOf = async (actor: string) =>
      (await auth.db.query(sql`SELECT FROM events.idempotency_key WHERE actor = ${actor}`)).length;
    for (const { id } of [user, other])
      await auth.db.execute(sql`
        INSERT INTO events.idempotency_key (service, actor, key, call, request_hash, response)
        VALUES ('chat', ${id}, 'one', 'chat.send', '', '{"content":"I live in Elm Street"}')`);
    await auth.users.delete({ id: user.id }, as(user));
    expect([await keysOf(user.id), await keysOf(other.id)]).toEqual([0, 1]);
  });

  it('erases the person, ends the sessions and frees the address', async () => {
    const user = await givenUser(auth.db, { name: 'Ada' });
    const { token } = await logIn(user.email);
    await logIn(user.email, 'Wrong1234').catch(() => undefined);
    await auth.users.delete({ id: user.id }, as(user));
    expect((await auth.sessions.check({ sessionId: auth.tokens.verify(token).sid })).session).toBeNull();
    const rows = await auth.db.query(
      sql`SELECT email, password_hash, name, phone FROM auth."user" WHERE id = ${user.id}`,
    );
    expect(rows).toEqual([{ email: null, password_hash: null, name: null, phone: null }]);
    await expect(auth.users.get({ id: user.id }, as(user))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await eventsOf(auth.db, user.id)).at(-1)).toEqual({
      type: 'user.deleted',
      version: 3,
      data: { userId: user.id },
      queued: true,
    });
    // As one that nobody has had before: the failures of who left are not counted on.
    await givenUser(auth.db, { email: user.email });
    const codes = [];
    for (let failure = 1; failure <= 5; failure += 1)
      codes.push(...codesOf(await Promise.allSettled([logIn(user.email, 'Wrong1234')])));
    expect(codes).toEqual(Array<string>(5).fill('INVALID_CREDENTIALS'));
  });

  it('is not for strangers, to whom there is nobody', async () => {
    const [user, stranger] = [await givenUser(auth.db), await givenUser(auth.db)];
    for (const attempt of [
      () => auth.users.delete({ id: user.id }, as(stranger)),
      () => auth.users.get({ id: user.id }, as(stranger)),
      () => auth.users.delete({ id: user.id }, as({ id: stranger.id, role: 'admin' })), // no longer one
    ])
      await expect(attempt()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('the first admin', () => {
  beforeEach(noAdmins);
  const start = (email: string) =>
    new FirstAdmin(auth.db, auth.passwords, { ADMIN_EMAIL: email, ADMIN_PASSWORD: 'Admin1234' }).run();

  it('is made once by instances that start together', async () => {
    const email = `${randomUUID()}@example.com`;
    await Promise.all([start(email), start(email), start(email)]);
    expect(await allAdmins()).toHaveLength(1);
    await expect(logIn(email, 'Admin1234')).resolves.toMatchObject({ user: { role: 'admin' } });
  });

  it('leaves an admin that exists alone', async () => {
    const admin = await givenUser(auth.db, { role: 'admin' });
    await start(admin.email);
    await start(`${randomUUID()}@example.com`);
    expect(await allAdmins()).toEqual([{ id: admin.id }]);
    await expect(logIn(admin.email)).resolves.toBeDefined();
  });

  it('takes over the account of whoever registered the address before', async () => {
    const squatter = await givenUser(auth.db);
    const { token } = await logIn(squatter.email);
    await start(squatter.email);
    expect((await auth.sessions.check({ sessionId: auth.tokens.verify(token).sid })).session).toBeNull();
    await expect(logIn(squatter.email)).rejects.toMatchObject({ code: 'INVALID_CREDENTIALS' });
    await expect(logIn(squatter.email, 'Admin1234')).resolves.toMatchObject({ user: { role: 'admin' } });
  });

  it('is nobody without a password', async () => {
    await new FirstAdmin(auth.db, auth.passwords, {
      ADMIN_EMAIL: 'a@example.com',
      ADMIN_PASSWORD: undefined,
    }).run();
    expect(await allAdmins()).toEqual([]);
  });
});
