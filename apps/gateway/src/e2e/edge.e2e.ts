import { createHmac, randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { type Client, givenUser, guest, type Problem } from './client.js';

let user: Client;
beforeAll(async () => {
  user = await givenUser();
});

describe('tokens signed by us, but not for this', () => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const sign = (head: object, claims: object) => {
    const text = `${part(head)}.${part(claims)}`;
    const key = process.env['JWT_SECRET'] ?? '';
    return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
  };
  const claims = (): Record<string, unknown> =>
    JSON.parse(Buffer.from(user.session?.token.split('.')[1] ?? '', 'base64url').toString());
  const use = (token: string) =>
    guest().send('GET', '/users/profile', { headers: { authorization: `Bearer ${token}` } });
  const head = { alg: 'HS256', typ: 'JWT' };
  const now = Math.floor(Date.now() / 1000);

  it('would be taken if they were right', async () => {
    expect((await use(sign(head, claims()))).status).toBe(200);
  });

  it.each<[string, object]>([
    ['another issuer', { iss: 'somebody' }],
    ['another audience', { aud: 'somebody' }],
    ['no audience', { aud: undefined }],
    ['an end in the past', { exp: now - 60 }],
    ['a start in the future', { nbf: now + 600 }],
    ['no session', { sid: undefined }],
    ['a session that is none', { sid: "' OR 1=1" }],
    ['an unknown session', { sid: randomUUID() }],
    ['another subject', { sub: randomUUID() }],
  ])('are refused with %s', async (_, changed) => {
    expect((await use(sign(head, { ...claims(), ...changed }))).outcome).toEqual([401, 'UNAUTHENTICATED']);
  });

  it('do not make an admin of a user', async () => {
    const token = sign(head, { ...claims(), role: 'admin' });
    const answer = await guest().send('GET', '/users', { headers: { authorization: `Bearer ${token}` } });
    expect(answer.outcome).toEqual([403, 'FORBIDDEN']);
  });
});

it('is reached at each address that localhost may be', async () => {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const { port } = new URL(guest().url);
  for (const { address, family } of own.filter(({ internal }) => internal)) {
    const host = family === 'IPv6' ? `[${address}]` : address;
    expect((await fetch(`http://${host}:${port}/api/categories`)).status).toBe(200);
  }
});

/** As it is: fetch would tidy the path first. */
const rawRequest = (method: string, path: string, headers: Record<string, string> = {}) =>
  new Promise<number>((resolve, reject) => {
    const { hostname, port } = new URL(guest().url);
    const sent = request({ hostname, port, method, path, headers }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
    });
    sent.on('error', reject).end();
  });

describe('the way around the guard', () => {
  it.each([
    '/api/users/',
    '/api//users',
    '/API/users',
    '/api/Users',
    '/api/%75sers',
    '/api/./users',
    '/api/x/../users',
    '/api/x/%2e%2e/users',
    '/api/users;a=b',
    '/api/users?x=/api/health',
    '//users',
    '/users',
    'http://localhost/api/users',
  ])('is not %s', async (path) => {
    const headers = { authorization: `Bearer ${user.session?.token}` };
    expect([400, 401, 404]).toContain(await rawRequest('GET', path));
    expect([400, 403, 404]).toContain(await rawRequest('GET', path, headers));
  });

  it('is not another method, nor a header that names one', async () => {
    expect([400, 404, 405, 501]).toContain(await rawRequest('TRACE', '/api/users'));
    for (const name of ['x-http-method-override', 'x-method-override'])
      expect(await rawRequest('POST', '/api/products', { [name]: 'GET' })).toBe(401);
    expect((await guest().send('PUT', '/orders')).outcome).toEqual([405, 'METHOD_NOT_ALLOWED']);
  });
});

describe('every answer', () => {
  it('guards the browser', async () => {
    for (const answer of [await guest().send('GET', '/products'), await user.send('GET', '/orders')]) {
      const said = Object.fromEntries(answer.headers);
      expect(said).toMatchObject({
        'x-content-type-options': 'nosniff',
        'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
        'referrer-policy': expect.any(String),
        'strict-transport-security': expect.any(String),
        'cache-control': 'no-store',
      });
      expect(said).not.toHaveProperty('x-powered-by');
    }
  });

  it.each(['https://evil.example', 'null', 'http://localhost.evil.example'])(
    'is not for pages of %s',
    async (origin) => {
      const answer = await guest().send('GET', '/products', { headers: { origin } });
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    },
  );

  it('that is an error is a problem document with our correlation id and no stack', async () => {
    const headers = { 'x-correlation-id': 'a-wrong-turn' };
    const answers = [
      await guest().send('GET', '/nothing', { headers }),
      await guest().send('GET', '/orders', { headers }),
      await guest().send('GET', `/products/${randomUUID()}`, { headers }),
      await user.send('POST', '/orders', { body: {}, headers }),
    ];
    for (const answer of answers) {
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      const problem = answer.body<Problem>();
      expect(problem).toMatchObject({
        type: expect.any(String),
        title: expect.any(String),
        detail: expect.any(String),
        status: answer.status,
        code: expect.any(String),
        correlationId: 'a-wrong-turn',
      });
      expect(answer.text).not.toMatch(/\bat .+:\d+:\d+|node_modules|SELECT /);
    }
  });
});
