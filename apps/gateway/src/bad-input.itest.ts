import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { InjectOptions } from 'fastify';
import { ADA, ADMIN, AN_ID, type Door, startGateway } from './gateway.fixture.js';

let door: Door;
beforeAll(async () => {
  door = await startGateway({ AUTH_THROTTLE_LIMIT: '10000', THROTTLE_LIMIT: '10000' });
});
afterAll(() => door.close());

const account = { email: 'ada@example.com', password: 'Secret123' };
const json = { 'content-type': 'application/json' };
const post = (url: string, payload: unknown): InjectOptions => ({
  method: 'POST',
  url,
  payload: JSON.stringify(payload),
  headers: json,
});
const raw = (payload: string | Buffer, type = 'application/json'): InjectOptions => ({
  method: 'POST',
  url: '/api/auth/register',
  payload,
  headers: { 'content-type': type },
});
const order = (payload: object): InjectOptions =>
  post('/api/orders', { paymentMethod: 'SANDBOX', ...payload });

describe('is refused with 400 and the field', () => {
  it.each<[string, InjectOptions]>([
    ['isAdmin at registration', post('/api/auth/register', { ...account, isAdmin: true })],
    ['an id at registration', post('/api/auth/register', { ...account, id: AN_ID })],
    ['__proto__', raw('{"email":"ada@example.com","password":"Secret123","__proto__":{"role":"admin"}}')],
    [
      'constructor.prototype',
      raw('{"email":"a@b.co","password":"Secret123","constructor":{"prototype":{"x":1}}}'),
    ],
    ['a short password', post('/api/auth/register', { ...account, password: 'Abc1234' })],
    ['a password of 10 kB', post('/api/auth/register', { ...account, password: `Aa1${'x'.repeat(10_000)}` })],
    ['an e-mail address in a list', post('/api/auth/login', { email: ['ada@example.com'], password: 'x' })],
    ['an e-mail address as object', post('/api/auth/login', { email: { $ne: null }, password: 'x' })],
    ['a phone number without a digit', post('/api/auth/register', { ...account, phone: '  (-) -  ' })],
    ['a phone number of 20 digits', post('/api/auth/register', { ...account, phone: '1'.repeat(20) })],
    ['no credentials', post('/api/auth/login', {})],
    ['a NUL in text', raw('{"email":"ada@example.com","password":"Secret123\\u0000"}')],
    ['a key twice', raw('{"email":"ada@example.com","email":"eve@example.com","password":"Secret123"}')],
    ['a key twice, once escaped', raw('{"email":"ada@example.com","\\u0065mail":"eve@example.com"}')],
    ['deep nesting', raw('['.repeat(5000) + ']'.repeat(5000))],
    ['truncated JSON', raw('{"email":"ada@exam')],
    ['a byte order mark', raw(`\ufeff${JSON.stringify(account)}`)],
    ['bytes that are no UTF-8', raw(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))],
    ['a length that is no number', raw('{"email":"ada@example.com","password":{"length":{"toString":1}}}')],
    ['a list for a body', raw('[]')],
    ['null for a body', raw('null')],
    ['text for a body', raw('"hello"')],
    ['an unknown field where there are none', post('/api/basket', { userId: AN_ID })],
    [
      'an id in path and body',
      post(`/api/basket/${AN_ID}/items`, { id: AN_ID, productId: AN_ID, quantity: 1 }),
    ],
  ])('%s', async (_, request) => {
    const answer = await door.send(request);
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(answer.json().errors.length).toBeGreaterThan(0);
    expect(({} as Record<string, unknown>)['role']).toBeUndefined();
  });

  it.each([0, -1, 1.5, '2', null, 1e21, 2 ** 31, 2 ** 53 + 1])('quantity %p', async (quantity) => {
    const answer = await door.send(post(`/api/basket/${AN_ID}/items`, { productId: AN_ID, quantity }));
    expect([answer.statusCode, answer.json().errors[0].path]).toEqual([400, 'quantity']);
  });

  it.each([
    ['an order status of the own choosing', { items: [{ productId: AN_ID, quantity: 1 }], status: 'PAID' }],
    ['a total', { items: [{ productId: AN_ID, quantity: 1 }], total: 1 }],
    ['10,000 lines', { items: Array.from({ length: 10_000 }, () => ({ productId: AN_ID, quantity: 1 })) }],
    ['a price finer than the currency', { items: [{ title: 'x', price: 1.001, quantity: 1 }] }],
    ['half a character in an address', { basketId: AN_ID, shippingAddress: { street: '\udc00' } }],
    ['a negative price', { items: [{ title: 'x', price: -1, quantity: 1 }] }],
    ['two kinds of order at once', { basketId: AN_ID, description: 'a table' }],
    ['no order at all', {}],
  ])('%s', async (_, payload) => {
    const answer = await door.send({ ...order(payload), headers: { ...json, ...door.bearer(ADA) } });
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'VALIDATION_FAILED']);
  });

  it.each([
    'limit=-1',
    'limit=0',
    'limit=1e9',
    'limit=1e1',
    'limit=0x10',
    'limit=%205',
    'limit=abc',
    'page=0',
    'sort=password',
    'filter[x]=1',
    'page=1&page=2',
  ])('the query %s', async (query) => {
    expect((await door.send({ url: `/api/products?${query}` })).statusCode).toBe(400);
  });

  it.each([
    ['/orders', 'from=0000-01-01T00:00:00Z'],
    ['/orders', 'to=9999-12-31T23:59:59-23:59'],
    ['/orders/stats', 'from=0000-01-01T00:00:00Z'],
    ['/events', 'to=9999-12-31T23:59:59-23:59'],
    ['/events/stats', 'from=0000-12-31T23:59:59Z'],
  ])('%s?%s, a time that is none', async (path, query) => {
    const answer = await door.send({ url: `/api${path}?${query}`, headers: door.bearer(ADMIN, 'admin') });
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(answer.json().errors).toMatchObject([{ path: query.split('=')[0] }]);
  });

  it.each([
    ['/products', 'maxPrice='],
    ['/products', 'minPrice=%20'],
    ['/products', 'minPrice=0x10'],
    ['/products', 'page='],
    [`/chat/${AN_ID}/messages`, 'before='],
    [`/chat/${AN_ID}/messages`, 'after='],
    [`/chat/${AN_ID}/messages`, 'limit='],
  ])('%s?%s, a number that is none', async (path, query) => {
    const answer = await door.send({ url: `/api${path}?${query}`, headers: door.bearer(ADMIN, 'admin') });
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(answer.json().errors).toMatchObject([{ path: query.split('=')[0] }]);
  });

  const item = { productId: AN_ID, quantity: 1 };
  it.each<[string, string, object, string]>([
    [
      'an e-mail address of 255 characters',
      '/auth/register',
      { ...account, email: `${'a.'.repeat(121)}a@example.com` },
      'email',
    ],
    ['a name of 101 characters', '/auth/register', { ...account, name: 'x'.repeat(101) }, 'name'],
    [
      'a description of 4,001 characters',
      '/orders',
      { description: 'x'.repeat(4001), quantity: 1 },
      'description',
    ],
    [
      'specifications of 4,001 characters',
      '/orders',
      { description: 'x', quantity: 1, specifications: 'x'.repeat(4001) },
      'specifications',
    ],
    [
      'metadata of more than 8 kB',
      '/orders',
      { description: 'x', quantity: 1, metadata: { x: 'x'.repeat(8190) } },
      'metadata',
    ],
    ['101 lines', '/orders', { items: Array(101).fill(item), paymentMethod: 'SANDBOX' }, 'items'],
    [
      'notes of 2,001 characters',
      '/orders',
      { items: [item], paymentMethod: 'SANDBOX', notes: 'x'.repeat(2001) },
      'notes',
    ],
    ['10,001 of a product', `/basket/${AN_ID}/items`, { ...item, quantity: 10_001 }, 'quantity'],
    ['a message of 4,001 characters', `/chat/${AN_ID}/messages`, { content: 'x'.repeat(4001) }, 'content'],
  ])('%s', async (_, path, payload, field) => {
    const headers = { ...json, ...door.bearer(ADA) };
    const answer = await door.send({ ...post(`/api${path}`, payload), headers });
    expect([answer.statusCode, answer.json().errors?.[0].path]).toEqual([400, field]);
  });

  it('half a character in the address of an image', async () => {
    const product = {
      sku: 'A-1',
      name: 'Mug',
      category: 'A',
      price: 1,
      imageUrl: 'https://example.com/\ud800',
    };
    const headers = { ...json, ...door.bearer(ADMIN, 'admin') };
    const answer = await door.send({ ...post('/api/products', product), headers });
    expect([answer.statusCode, answer.json().errors?.[0].path]).toEqual([400, 'imageUrl']);
  });

  it('a replay until the year 10000', async () => {
    const replay = { consumer: 'a.b', from: '2026-01-01T00:00:00Z', to: '9999-12-31T23:59:59-23:59' };
    const headers = { ...json, ...door.bearer(ADMIN, 'admin') };
    const answer = await door.send({ ...post('/api/events/replay', replay), headers });
    expect([answer.statusCode, answer.json().errors?.[0].path]).toEqual([400, 'to']);
  });

  it('an unknown field of an order, and says no more than that', async () => {
    const headers = { ...json, ...door.bearer(ADA) };
    const change = (payload: object) =>
      door.send({ ...post(`/api/orders/${AN_ID}`, payload), method: 'PATCH', headers });
    expect((await change({ notes: 'x' })).json().errors).toEqual([
      { path: 'notes', message: 'is not a known field' },
    ]);
    expect((await change({})).json().errors).toEqual([
      { path: '', message: 'give at least one field to change' },
    ]);
  });

  it('an unknown field where an account is erased, which then stays', async () => {
    const headers = { ...json, ...door.bearer(ADA) };
    const erasing = {
      ...post('/api/users/profile', { keepOrders: true }),
      method: 'DELETE' as const,
      headers,
    };
    expect((await door.send(erasing)).json().errors).toEqual([
      { path: 'keepOrders', message: 'is not a known field' },
    ]);
    expect(door.services.lastTo('auth.deleteUser')).toBeUndefined();
  });

  it('a body without a field that is needed, and calls it missing', async () => {
    const headers = { ...json, ...door.bearer(ADMIN, 'admin') };
    const answer = await door.send({
      ...post('/api/products', { sku: 'A-1', name: 'Mug', price: 1 }),
      headers,
    });
    expect(answer.json().errors).toEqual([{ path: 'category', message: 'is missing' }]);
  });

  it('the same filter twice', async () => {
    const url = `/api/orders?userId=${AN_ID}&userId=${ADA.userId}`;
    expect((await door.send({ url, headers: door.bearer(ADA) })).statusCode).toBe(400);
  });

  it.each(["1' OR '1'='1", '1', 'x'.repeat(300), 'not-a-uuid', '%00', '%zz', '..%2f..%2fetc'])(
    'the id %s',
    async (id) => {
      const answer = await door.send({ url: `/api/products/${id}` });
      expect(answer.statusCode).toBe(400);
      expect(answer.headers['content-type']).toContain('application/problem+json');
    },
  );

  it.each(['x'.repeat(256), 'a\tb', 'ä', ' '])('the idempotency key "%s"', async (key) => {
    const headers = { 'idempotency-key': key };
    expect((await door.send({ method: 'POST', url: '/api/basket', headers })).statusCode).toBe(400);
  });
});

describe('is refused', () => {
  it.each(['/api/auth/login', '/api/auth/register', '/api/orders'])(
    'a body with thousands of unknown fields, in few words: %s',
    async (url) => {
      const fields = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`field${i}`, 1]));
      const headers = { ...json, ...door.bearer(ADA) };
      const answer = await door.send({ ...post(url, fields), headers });
      expect(answer.json().code).toBe('VALIDATION_FAILED');
      expect(answer.body.length).toBeLessThan(10_000);
    },
  );

  it('a body over 1 MB: 413', async () => {
    const answer = await door.send(post('/api/auth/login', { ...account, password: 'x'.repeat(1_048_576) }));
    expect([answer.statusCode, answer.json().code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=utf-16',
    'application/xml',
  ])('%s: 415', async (type) => {
    const answer = await door.send(raw(JSON.stringify(account), type));
    expect([answer.statusCode, answer.json().code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
  });

  it('a method that is not there: 405 with those that are', async () => {
    const answer = await door.send({ method: 'PUT', url: `/api/products/${AN_ID}`, payload: {} });
    expect([answer.statusCode, answer.json().code]).toEqual([405, 'METHOD_NOT_ALLOWED']);
    expect(answer.headers.allow?.split(', ')).toEqual(expect.arrayContaining(['GET', 'PATCH', 'DELETE']));
  });

  it.each([
    '/api/nothing',
    '/API/orders',
    '/api//orders',
    '/api/orders/',
    '/api/x/..%2forders',
    '/metrics',
    '/.env',
  ])('%s: 404', async (url) => {
    const answer = await door.send({ url, headers: door.bearer(ADMIN, 'admin') });
    expect([answer.statusCode, answer.json().code]).toEqual([404, 'NOT_FOUND']);
  });

  it('a method override: it stays a POST', async () => {
    const headers = { 'x-http-method-override': 'DELETE', ...door.bearer(ADMIN, 'admin') };
    expect((await door.send({ method: 'POST', url: `/api/products/${AN_ID}`, headers })).statusCode).toBe(
      405,
    );
  });
});

describe('is accepted', () => {
  it('an empty body under application/json', async () => {
    const answer = await door.send({ method: 'POST', url: '/api/basket', headers: json, payload: '' });
    expect(answer.statusCode).toBe(201);
  });

  it('a backslash and the letters u0000 in text', async () => {
    const payload = { description: 'the escape \\u0000', quantity: 1 };
    const headers = { ...json, ...door.bearer(ADA) };
    expect((await door.send({ ...post('/api/orders', payload), headers })).statusCode).toBe(201);
  });
});
