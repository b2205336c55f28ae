import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@order-system/messaging/testing/eventually';
import { ADA, ADMIN, AN_ID, type Door, startGateway } from './gateway.fixture.js';

const session = { token: 't', refreshToken: 'r2', expiresIn: 600, user: { id: ADA.userId, role: 'user' } };

let door: Door;
beforeAll(async () => {
  door = await startGateway({ CORS_ORIGIN: 'https://shop.test' });
  for (const call of ['auth.login', 'auth.refresh']) door.services.answer(call, () => session);
});
afterAll(() => door.close());

const refresh = (headers: Record<string, string>, payload?: object) =>
  door.send({
    method: 'POST',
    url: '/api/auth/refresh',
    headers: { host: 'shop.example', ...headers },
    payload,
  });

describe('signing in', () => {
  it.each([
    ['/api/auth/login', '/api/auth'],
    ['/auth/login', '/auth'],
    ['/users/login', '/auth'],
  ])('at %s sets a cookie that scripts cannot read', async (url, path) => {
    const payload = { email: 'ada@example.com', password: 'Secret123' };
    const answer = await door.send({ method: 'POST', url, payload });
    expect([answer.statusCode, answer.json()]).toEqual([200, session]);
    expect(answer.cookies).toEqual([
      expect.objectContaining({
        name: 'refresh_token',
        value: 'r2',
        path,
        httpOnly: true,
        sameSite: 'Strict',
      }),
    ]);
  });
});

describe("signing in with a guest's basket", () => {
  const logIn = () => {
    const payload = { email: 'ada@example.com', password: 'Secret123', basketId: AN_ID };
    return door.send({ method: 'POST', url: '/api/auth/login', payload });
  };

  it('is answered once the customer has it', async () => {
    const from = Date.now();
    let isTaken = false;
    door.services.answer('basket.takeGuest', async () => {
      await eventually(() => expect(Date.now() - from).toBeGreaterThan(100));
      isTaken = true;
    });
    expect([(await logIn()).statusCode, isTaken]).toEqual([200, true]);
    const { data, ctx } = door.services.lastTo('basket.takeGuest') ?? {};
    expect([data, ctx?.actor]).toEqual([{ basketId: AN_ID }, { id: ADA.userId, role: 'user' }]);
  });

  it('does not fail, and does not wait long, when the basket cannot be had', async () => {
    door.services.refuse('basket.takeGuest', 'SERVICE_UNAVAILABLE');
    expect((await logIn()).json()).toEqual(session);
    expect(door.services.lastTo('basket.takeGuest')?.patienceMs).toBeLessThan(2000);
  });
});

describe('refreshing', () => {
  it('takes the token from the body', async () => {
    expect((await refresh({}, { refreshToken: 'r1' })).statusCode).toBe(200);
    expect(door.services.lastTo('auth.refresh')?.data).toEqual({ refreshToken: 'r1' });
  });

  it.each([
    ['no page', {}],
    ['our own page', { origin: 'https://shop.example' }],
    ['a page we trust', { origin: 'https://shop.test' }],
  ])('takes the cookie from %s', async (_, headers) => {
    expect((await refresh({ cookie: 'refresh_token=r1', ...headers })).statusCode).toBe(200);
  });

  it.each<Record<string, string>>([
    { origin: 'https://evil.test' },
    { origin: 'null' },
    { origin: 'https://shop.example.evil.test' },
    { 'sec-fetch-site': 'cross-site' },
  ])('refuses the cookie from %j', async (headers) => {
    const answer = await refresh({ cookie: 'refresh_token=r1', ...headers });
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'FORBIDDEN']);
  });

  it('is 401 without a token', async () => {
    expect((await refresh({})).statusCode).toBe(401);
  });
});

it('signing out ends the session and the cookie', async () => {
  const answer = await door.send({ method: 'POST', url: '/api/auth/logout', headers: door.bearer(ADA) });
  expect(answer.statusCode).toBe(204);
  expect(answer.body).toBe('');
  expect(answer.cookies.map(({ value }) => value)).toEqual(['', '']);
});

describe('who has been asked about a moment ago is asked about anew', () => {
  it.each([
    ['after signing out', 'POST', '/api/auth/logout', ADA, undefined],
    ['after erasing the own account', 'DELETE', '/api/users/profile', ADA, undefined],
    ['after an admin has erased the account', 'DELETE', `/api/users/${ADA.userId}`, ADMIN, undefined],
    [
      'after an admin has changed the role',
      'PATCH',
      `/api/users/${ADA.userId}/role`,
      ADMIN,
      { role: 'user' },
    ],
    [
      'after a new password',
      'PATCH',
      '/api/users/profile',
      ADA,
      { password: 'Secret1234', currentPassword: 'x' },
    ],
  ] as const)('%s', async (_, method, url, who, payload) => {
    const other = await startGateway();
    const orders = () => other.send({ url: '/api/orders', headers: other.bearer(ADA) });
    expect((await orders()).statusCode).toBe(200);
    const answer = await other.send({ method, url, payload, headers: other.bearer(who) });
    expect(answer.statusCode).toBeLessThan(300);
    other.services.endSession(ADA.sessionId);
    expect((await orders()).statusCode).toBe(401);
    await other.close();
  });
});

it.each([
  ['POST', `/api/orders/${AN_ID}/payments`, { paymentMethod: 'SANDBOX' }],
  ['GET', `/api/payments/${AN_ID}`, undefined],
  ['DELETE', '/api/users/profile', undefined],
] as const)('%s %s is closed from the moment the session ends', async (method, url, payload) => {
  const other = await startGateway();
  const headers = other.bearer(ADA);
  expect((await other.send({ url: '/api/orders', headers })).statusCode).toBe(200);
  other.services.endSession(ADA.sessionId);
  expect((await other.send({ method, url, payload, headers })).statusCode).toBe(401);
  await other.close();
});
