import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADA, AN_ID, type Door, startGateway } from './gateway.fixture.js';

const url = `/api/products/${AN_ID}`;

describe('headers', () => {
  let door: Door;
  beforeAll(async () => {
    door = await startGateway({ CORS_ORIGIN: 'https://shop.test, https://admin.shop.test' });
  });
  afterAll(() => door.close());

  it.each([url, '/api/orders', '/api/nothing', '/api/docs', '/api/openapi.json'])(
    'of %s keep browsers from doing harm',
    async (path) => {
      const { headers } = await door.send({ url: path });
      expect(headers).toMatchObject({
        'strict-transport-security': expect.stringContaining('max-age='),
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
      });
      expect(headers['x-powered-by']).toBeUndefined();
    },
  );

  it('of answers keep them out of caches', async () => {
    const answer = await door.send({ url: '/api/orders', headers: door.bearer(ADA) });
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('let listed pages read answers, with credentials', async () => {
    const { headers } = await door.send({ url, headers: { origin: 'https://admin.shop.test' } });
    expect(headers['access-control-allow-origin']).toBe('https://admin.shop.test');
    expect(headers['access-control-allow-credentials']).toBe('true');
  });

  it.each([
    'https://evil.test',
    'null',
    'https://sub.shop.test',
    'https://shop.test.evil.test',
    'http://localhost:5173',
  ])('do not let %s', async (origin) => {
    const preflight = { origin, 'access-control-request-method': 'POST' };
    for (const request of [
      { url, headers: { origin } },
      { url, headers: preflight, method: 'OPTIONS' as const },
    ])
      expect((await door.send(request)).headers['access-control-allow-origin']).toBeUndefined();
  });

  it('answer a preflight for idempotency keys and traces', async () => {
    const headers = { origin: 'https://shop.test', 'access-control-request-method': 'POST' };
    const answer = await door.send({ method: 'OPTIONS', url: '/api/orders', headers });
    expect(answer.statusCode).toBe(204);
    expect(answer.headers['access-control-allow-headers']).toMatch(/Idempotency-Key.*Traceparent/);
  });

  it('answer an OPTIONS that is no preflight without a word', async () => {
    for (const headers of [{}, { origin: 'https://shop.test' }, { origin: 'https://evil.test' }]) {
      const answer = await door.send({ method: 'OPTIONS', url: '/api/orders', headers });
      expect([answer.statusCode, answer.body]).toEqual([204, '']);
    }
  });

  it.each([{}, { origin: 'https://shop.test', 'access-control-request-method': 'POST' }])(
    'take the correlation id over also where nothing is asked: %j',
    async (asked) => {
      const headers = { ...asked, 'x-correlation-id': 'shop-7' };
      const answer = await door.send({ method: 'OPTIONS', url: '/api/orders', headers });
      expect(answer.headers['x-correlation-id']).toBe('shop-7');
    },
  );
});

describe('limits', () => {
  it('stop an address, and say when to come back', async () => {
    const door = await startGateway({ THROTTLE_LIMIT: '3' });
    const statuses = [];
    for (let i = 0; i < 5; i++) statuses.push((await door.send({ url })).statusCode);
    const last = await door.send({ url });
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
    expect(last.json().code).toBe('RATE_LIMITED');
    expect(Number(last.headers['retry-after'])).toBeGreaterThan(0);
    expect(last.headers).toMatchObject({ 'x-ratelimit-limit': '3', 'x-ratelimit-remaining': '0' });
    expect((await door.send({ url, headers: door.bearer(ADA) })).statusCode).toBe(200);
    await door.close();
  });

  it('count each user for themselves', async () => {
    const door = await startGateway({ THROTTLE_LIMIT: '2' });
    const send = (remoteAddress: string) => door.send({ url, remoteAddress, headers: door.bearer(ADA) });
    const statuses = [];
    for (const address of ['10.0.0.1', '10.0.0.2', '10.0.0.3'])
      statuses.push((await send(address)).statusCode);
    expect(statuses).toEqual([200, 200, 429]);
    await door.close();
  });

  it('count refused tokens against the address', async () => {
    const door = await startGateway({ THROTTLE_LIMIT: '2' });
    const headers = { authorization: 'Bearer nonsense' };
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await door.send({ url: '/api/orders', headers })).statusCode);
    expect(statuses).toEqual([401, 401, 429]);
    await door.close();
  });

  it('count what a role does not allow against the user', async () => {
    const door = await startGateway({ THROTTLE_LIMIT: '2' });
    const statuses = [];
    for (const remoteAddress of ['10.0.0.1', '10.0.0.2', '10.0.0.3'])
      statuses.push(
        (await door.send({ url: '/api/users', remoteAddress, headers: door.bearer(ADA) })).statusCode,
      );
    expect(statuses).toEqual([403, 403, 429]);
    await door.close();
  });

  it('on /auth are its own also for a refused token', async () => {
    const door = await startGateway({ AUTH_THROTTLE_LIMIT: '2' });
    const headers = { authorization: 'Bearer nonsense' };
    const statuses = [];
    for (let i = 0; i < 3; i++)
      statuses.push((await door.send({ method: 'POST', url: '/api/auth/logout', headers })).statusCode);
    expect(statuses).toEqual([401, 401, 429]);
    await door.close();
  });

  it('count reads with tokens that are ignored against the address', async () => {
    const door = await startGateway({ THROTTLE_LIMIT: '2' });
    const statuses = [];
    for (const token of ['one', 'two', 'three'])
      statuses.push((await door.send({ url, headers: { authorization: `Bearer ${token}` } })).statusCode);
    expect(statuses).toEqual([200, 200, 429]);
    await door.close();
  });

  it('on /auth cannot be dodged by a header', async () => {
    const door = await startGateway({ AUTH_THROTTLE_LIMIT: '2' });
    const send = (i: number) =>
      door.send({
        method: 'POST',
        url: ['/api/auth/login', '/auth/login', '/users/login'][i] ?? '',
        payload: { email: `u${i}@example.com`, password: 'x' },
        headers: { 'x-forwarded-for': `203.0.113.${i}` },
      });
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await send(i)).statusCode);
    expect(statuses[2]).toBe(429);
    expect((await door.send({ url })).statusCode).toBe(200);
    await door.close();
  });

  // As an IPv4 address is seen where IPv6 is spoken, too.
  it.each(['127.0.0.1', '::ffff:127.0.0.1'])('see the client behind a trusted proxy at %s', async (proxy) => {
    const door = await startGateway({ THROTTLE_LIMIT: '1', TRUSTED_PROXIES: '127.0.0.1' });
    const send = (address: string) =>
      door.send({ url, remoteAddress: proxy, headers: { 'x-forwarded-for': address } });
    expect([(await send('203.0.113.1')).statusCode, (await send('203.0.113.2')).statusCode]).toEqual([
      200, 200,
    ]);
    expect((await send('203.0.113.1')).statusCode).toBe(429);
    await door.close();
  });
});

describe('payments', () => {
  let door: Door;
  beforeAll(async () => {
    door = await startGateway();
  });
  afterAll(() => door.close());

  it("hand a webhook's bytes on as they came", async () => {
    const payload = '{ "id" : 1,  "id": 2, "é": "\\u0000" }';
    const signature = createHmac('sha256', 'k').update(payload).digest('hex');
    const answer = await door.send({
      method: 'POST',
      url: '/payments/webhook/stripe',
      payload,
      headers: { 'content-type': 'application/json', 'stripe-signature': signature, cookie: 'a=b' },
    });
    const data = door.services.lastTo('payments.receiveWebhook')?.data as Record<string, never>;
    expect(answer.statusCode).toBe(200);
    expect(Buffer.from(data['body'] ?? '', 'base64').toString()).toBe(payload);
    expect(data).toMatchObject({ provider: 'STRIPE', headers: { 'stripe-signature': signature } });
    expect(data['headers']).not.toHaveProperty('cookie');
  });

  it('refuse a webhook of 2 MB and a provider nobody knows', async () => {
    const send = (provider: string, size: number) =>
      door.send({
        method: 'POST',
        url: `/api/payments/webhook/${provider}`,
        payload: `{"a":"${'x'.repeat(size)}"}`,
        headers: { 'content-type': 'application/json' },
      });
    expect((await send('stripe', 2_000_000)).statusCode).toBe(413);
    expect((await send('acme', 10)).statusCode).toBe(404);
  });
});
