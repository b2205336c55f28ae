import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@order-system/messaging/testing/eventually';
import {
  anEmail,
  type Basket,
  Client,
  givenAdmin,
  givenProduct,
  givenUser,
  guest,
  PASSWORD,
  type Session,
  tally,
  times,
} from './client.js';

let admin: Client;
beforeAll(async () => {
  admin = await givenAdmin();
});

const refresh = (refreshToken: string | undefined) =>
  guest().send('POST', '/auth/refresh', { body: { refreshToken } });
const withSession = (session: Session) => new Client(undefined, session);
const profile = (user: Client) => user.send('GET', '/users/profile');
const logIn = (email: string, password: string) =>
  guest().send('POST', '/auth/login', { body: { email, password } });

describe('a refresh token', () => {
  it('gives a new pair once when it comes 20 times at once', async () => {
    const user = await givenUser();
    const answers = await Promise.all(times(20, () => refresh(user.session?.refreshToken)));
    expect(tally(answers)).toEqual({ '200': 1, '409 REFRESH_RACED': 19 });
    const session = answers.find(({ status }) => status === 200)?.body<Session>();
    expect((await refresh(session?.refreshToken)).status).toBe(200);
  });

  it('that comes again long after it was used ends the whole session', async () => {
    const user = await givenUser();
    const old = user.session?.refreshToken;
    const session = (await refresh(old)).body<Session>();
    await eventually(
      async () => expect((await refresh(old)).outcome).toEqual([401, 'UNAUTHENTICATED']),
      20_000,
    );
    expect((await refresh(session.refreshToken)).outcome).toEqual([401, 'UNAUTHENTICATED']);
    await eventually(async () => expect((await profile(withSession(session))).status).toBe(401));
  });

  it('is taken from its cookie, but not for another site', async () => {
    const user = await givenUser();
    const cookie = `refresh_token=${user.session?.refreshToken}`;
    const send = (headers: Record<string, string>) =>
      guest().send('POST', '/auth/refresh', { headers: { cookie, ...headers } });
    expect((await send({ origin: 'https://evil.example' })).outcome).toEqual([403, 'FORBIDDEN']);
    expect((await send({ 'sec-fetch-site': 'cross-site' })).outcome).toEqual([403, 'FORBIDDEN']);
    const answer = await send({});
    expect(answer.status).toBe(200);
    expect(answer.headers.get('set-cookie')).toMatch(/^refresh_token=.*HttpOnly.*SameSite=Strict/);
  });

  it.each(['', 'x', 'x'.repeat(200), 'eyJhbGciOiJub25lIn0.e30.'])('is not %j', async (token) => {
    expect([400, 401]).toContain((await refresh(token)).status);
  });

  it('is no access token', async () => {
    const user = await givenUser();
    const token = user.session?.refreshToken ?? '';
    const answer = await guest().send('GET', '/users/profile', {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(answer.outcome).toEqual([401, 'UNAUTHENTICATED']);
  });
});

describe('an access token', () => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claimsOf = (token: string) =>
    JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;

  it.each<[string, (token: string) => string]>([
    ['without a signature', (token) => `${part({ alg: 'none', typ: 'JWT' })}.${token.split('.')[1]}.`],
    ['with another role', (token) => forge(token, { role: 'admin' })],
    ['of somebody else', (token) => forge(token, { sub: admin.userId })],
    [
      'with a key id that is a path',
      (token) => token.replace(/^[^.]+/, part({ alg: 'HS256', kid: '../../dev/null' })),
    ],
    ['cut short', (token) => token.slice(0, -2)],
  ])('%s is none', async (_, change) => {
    const user = await givenUser();
    const token = change(user.session?.token ?? '');
    const send = (path: string) =>
      guest().send('GET', path, { headers: { authorization: `Bearer ${token}` } });
    for (const path of ['/users/profile', '/users', '/orders', '/basket'])
      expect((await send(path)).outcome).toEqual([401, 'UNAUTHENTICATED']);
  });

  const forge = (token: string, claims: object) => {
    const [head, , signature] = token.split('.');
    return [head, part({ ...claimsOf(token), ...claims }), signature].join('.');
  };
});

describe('signing in', () => {
  it("with a guest's basket, its lines are in the customer's own when they next look", async () => {
    const product = await givenProduct(admin);
    for (const quantity of [1, 2, 3]) {
      const user = await givenUser();
      const { id: basketId } = await guest().ask<Basket>('POST', '/basket');
      await guest().ask('POST', `/basket/${basketId}/items`, { productId: product.id, quantity });
      const body = { email: user.session?.user.email, password: PASSWORD, basketId };
      const answer = await guest().send('POST', '/auth/login', { body });
      const { items } = await withSession(answer.body()).ask<Basket>('GET', '/basket');
      expect(items).toMatchObject([{ productId: product.id, quantity }]);
    }
  });
});

describe('signing out', () => {
  it('ends this session at once, and no other one', async () => {
    const user = await givenUser();
    const other = await user.logIn(user.session?.user.email ?? '');
    expect((await user.send('POST', '/auth/logout')).status).toBe(204);
    expect((await profile(user)).status).toBe(401);
    expect((await refresh(user.session?.refreshToken)).status).toBe(401);
    expect((await profile(other)).status).toBe(200);
  });
});

describe('a change of role', () => {
  it('takes the admin routes away at once', async () => {
    const user = await givenUser();
    const setRole = (role: string) => admin.ask('PATCH', `/users/${user.userId}/role`, { role });
    const list = () => user.send('GET', '/users');
    expect((await list()).outcome).toEqual([403, 'FORBIDDEN']);
    await setRole('admin');
    expect((await list()).status).toBe(200);
    await setRole('user');
    expect((await list()).outcome).toEqual([403, 'FORBIDDEN']);
  });
});

describe('a wrong password', () => {
  it('locks the account at the fifth failure, also for the right one; open sessions go on', async () => {
    const user = await givenUser();
    const email = user.session?.user.email ?? '';
    for (const _ of times(5, (i) => i))
      expect((await logIn(email, 'Wrong123')).outcome).toEqual([401, 'INVALID_CREDENTIALS']);
    const locked = await logIn(email, PASSWORD);
    expect(locked.outcome).toEqual([429, 'RATE_LIMITED']);
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(60);
    expect((await profile(user)).status).toBe(200);
  });

  it('is answered as an unknown address is', async () => {
    const user = await givenUser();
    const [wrong, unknown] = await Promise.all([
      logIn(user.session?.user.email ?? '', 'Wrong123'),
      logIn(anEmail(), 'Wrong123'),
    ]);
    const said = ({ text, status }: typeof wrong) => [status, { ...JSON.parse(text), correlationId: '' }];
    expect(said(wrong)).toEqual(said(unknown));
  });
});

describe('erasing the account', () => {
  it('ends its sessions and frees the address', async () => {
    const user = await givenUser();
    const email = user.session?.user.email ?? '';
    expect((await user.send('DELETE', '/users/profile')).status).toBe(204);
    expect((await profile(user)).status).toBe(401);
    expect((await logIn(email, PASSWORD)).outcome).toEqual([401, 'INVALID_CREDENTIALS']);
    const again = await guest().send('POST', '/auth/register', { body: { email, password: PASSWORD } });
    expect(again.status).toBe(201);
  });
});
