import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@order-system/messaging/testing/eventually';
import { ADA, ADMIN, AN_ID, aProduct, type Door, startGateway } from './gateway.fixture.js';

let door: Door;
beforeAll(async () => {
  door = await startGateway();
  door.services.answer('catalog.get', () => aProduct);
  door.services.answer('catalog.search', () => ({ items: [aProduct], total: 41 }));
});
afterAll(() => door.close());

describe('answers', () => {
  it('come in an envelope, money as people write it', async () => {
    const answer = await door.send({ url: `/api/products/${AN_ID}` });
    expect([answer.statusCode, answer.json()]).toEqual([200, { status: 'success', data: aProduct }]);
  });

  it('of lists say how much there is', async () => {
    const answer = await door.send({ url: '/api/products?page=2&limit=10' });
    expect(answer.json()).toEqual({
      status: 'success',
      data: [aProduct],
      meta: { total: 41, page: 2, limit: 10, totalPages: 5 },
    });
  });

  it('of lists say what else their service says of them', async () => {
    door.services.answer('notifications.list', () => ({ items: [], total: 3, unread: 2 }));
    const answer = await door.send({ url: '/api/notifications', headers: door.bearer(ADA) });
    expect(answer.json().meta).toEqual({ total: 3, page: 1, limit: 20, totalPages: 1, unread: 2 });
  });

  it('are empty where there is nothing to say', async () => {
    const url = `/api/events/dead-letters/${AN_ID}`;
    const answer = await door.send({ method: 'DELETE', url, headers: door.bearer(ADMIN, 'admin') });
    expect([answer.statusCode, answer.body]).toEqual([204, '']);
    expect(door.services.lastTo('events.drop')?.data).toEqual({ id: AN_ID });
  });

  it('of a whole conversation are plain text, to keep', async () => {
    door.services.answer('chat.transcript', () => ({ text: 'Order 1001\n\nHello' }));
    const answer = await door.send({ url: `/api/chat/${AN_ID}/transcript`, headers: door.bearer(ADA) });
    expect(answer.body).toBe('Order 1001\n\nHello');
    expect(answer.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'content-disposition': `attachment; filename="order-${AN_ID}.txt"`,
    });
  });

  it('are bare under /auth', async () => {
    door.services.answer('auth.register', () => ({ id: ADA.userId, email: 'ada@example.com', role: 'user' }));
    const payload = { email: 'Ada@Example.com', password: 'Secret123' };
    const answer = await door.send({ method: 'POST', url: '/api/auth/register', payload });
    expect([answer.statusCode, answer.json()]).toEqual([201, expect.objectContaining({ id: ADA.userId })]);
    expect(door.services.lastTo('auth.register')?.data).toMatchObject({ email: 'ada@example.com' });
  });
});

describe('inputs reach services as they were meant', () => {
  it('with every filter of a search', async () => {
    const query = 'search=mug&category=Kitchen&minPrice=1.5&maxPrice=20&inStock=true&sort=-price&limit=5';
    expect((await door.send({ url: `/api/products?${query}` })).statusCode).toBe(200);
    expect(door.services.lastTo('catalog.search')?.data).toEqual({
      search: 'mug',
      category: 'Kitchen',
      minPrice: 1.5,
      maxPrice: 20,
      inStock: 'true',
      sort: '-price',
      page: 1,
      limit: 5,
    });
  });

  it('with free JSON in an order', async () => {
    const payload = {
      description: 'A table',
      specifications: { wood: 'oak', sizes: [120, 80] },
      quantity: 1,
      metadata: { note: null, nested: { deep: true } },
      shippingAddress: { street: '12 St James Square' },
    };
    const answer = await door.send({
      method: 'POST',
      url: '/api/orders',
      payload,
      headers: door.bearer(ADA),
    });
    expect(answer.statusCode).toBe(201);
    expect(door.services.lastTo('orders.place')?.data).toEqual(payload);
  });

  it('with prices in decimals and times in ISO 8601', async () => {
    const items = [{ title: 'Engraving', price: 19.99, quantity: 2 }];
    const payload = { items, paymentMethod: 'stub' };
    await door.send({ method: 'POST', url: '/api/orders', payload, headers: door.bearer(ADA) });
    expect(door.services.lastTo('orders.place')?.data).toEqual(payload);
    door.services.answer('orders.list', () => ({ items: [], total: 0 }));
    const url = '/api/orders?from=2026-01-01T00:00:00%2B01:00&status=PENDING';
    await door.send({ url, headers: door.bearer(ADA) });
    expect(door.services.lastTo('orders.list')?.data).toMatchObject({ from: '2025-12-31T23:00:00.000Z' });
  });

  it("with an admin's own id for my-orders, whatever the query says", async () => {
    const url = `/api/orders/my-orders?userId=${ADA.userId}`;
    await door.send({ url, headers: door.bearer(ADMIN, 'admin') });
    expect(door.services.lastTo('orders.list')?.data).toMatchObject({ userId: ADMIN.userId });
  });
});

describe('the same routes', () => {
  it.each([`/products/${AN_ID}`, `/catalog/${AN_ID}`, `/api/catalog/${AN_ID}`])(
    'answer at %s',
    async (url) => {
      expect((await door.send({ url })).statusCode).toBe(200);
    },
  );

  it('leave pages to browsers', async () => {
    const answer = await door.send({ url: '/orders', headers: { accept: 'text/html,*/*' } });
    expect(answer.statusCode).toBe(404);
  });
});

describe('every request', () => {
  it.each([
    ['checkout-42', 'checkout-42'],
    [undefined, '4bf92f3577b34da6a3ce929d0e0e4736'],
  ])('carries its correlation id through, else the trace that it is a part of', async (given, id) => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const headers = { traceparent, ...(given === undefined ? {} : { 'x-correlation-id': given }) };
    const answer = await door.send({ url: `/api/products/${AN_ID}`, headers });
    expect(answer.headers['x-correlation-id']).toBe(id);
    expect(door.services.lastTo('catalog.get')?.ctx.correlationId).toBe(id);
  });

  it.each(['a b', 'x'.repeat(129), '<script>', ''])('gets a new one for "%s"', async (given) => {
    const headers = { 'x-correlation-id': given };
    const answer = await door.send({ url: `/api/products/${AN_ID}`, headers });
    expect(answer.headers['x-correlation-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('has its actor, and a deadline that leaves time to answer within ten seconds', async () => {
    const from = performance.now();
    await door.send({ url: `/api/products/${AN_ID}`, headers: door.bearer(ADA) });
    const { ctx } = door.services.lastTo('catalog.get') ?? {};
    expect(ctx?.deadline).toBeGreaterThan(from + 8000);
    expect(ctx?.deadline).toBeLessThan(from + 9500);
    expect(ctx?.actor).toEqual({ id: ADA.userId, role: 'user', sessionId: ADA.sessionId });
  });

  it('has less time the longer it took to find out who asks', async () => {
    const from = performance.now();
    const slowly = () => eventually(() => expect(performance.now() - from).toBeGreaterThan(1000));
    door.services.beforeAuthAnswers = slowly;
    // For money auth is asked anew each time.
    await door.send({ url: `/api/payments/${AN_ID}`, headers: door.bearer(ADA) });
    door.services.beforeAuthAnswers = async () => undefined;
    expect(performance.now() - from).toBeGreaterThan(1000);
    const { ctx } = door.services.lastTo('payments.get') ?? {};
    expect(ctx?.deadline).toBeLessThan(from + 9500);
  });

  it('hands on the idempotency key of a POST', async () => {
    const headers = { ...door.bearer(ADA), 'idempotency-key': 'order-1' };
    await door.send({ method: 'POST', url: '/api/basket', headers });
    expect(door.services.lastTo('basket.create')?.ctx.idempotencyKey).toBe('order-1');
  });
});

describe('access', () => {
  it.each([
    ['no token', {}],
    ['no bearer', { authorization: 'Basic YTpi' }],
    ['a forged token', { authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.' }],
  ])('is refused with %s', async (_, headers) => {
    const answer = await door.send({ url: '/api/orders', headers });
    expect([answer.statusCode, answer.json().code]).toEqual([401, 'UNAUTHENTICATED']);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
  });

  it.each(['/api/products', `/api/products/${AN_ID}`, `/catalog/${AN_ID}`, '/api/categories'])(
    'to %s is for everybody, whatever token they send',
    async (url) => {
      door.services.answer('catalog.categories', () => ({ categories: [] }));
      for (const authorization of ['Basic YTpi', 'Bearer junk']) {
        expect((await door.send({ url, headers: { authorization } })).statusCode).toBe(200);
        expect(door.services.asked.at(-1)?.ctx.actor).toEqual({ id: null, role: 'guest' });
      }
    },
  );

  it('to a basket is refused with a token that is no good', async () => {
    const headers = { authorization: 'Bearer junk' };
    expect((await door.send({ method: 'POST', url: '/api/basket', headers })).statusCode).toBe(401);
    expect((await door.send({ url: `/api/basket/${AN_ID}`, headers })).statusCode).toBe(401);
  });

  it('to admin routes is for admins', async () => {
    const send = (headers: Record<string, string>) => door.send({ url: '/api/users', headers });
    door.services.answer('auth.listUsers', () => ({ items: [], total: 0 }));
    expect((await send(door.bearer(ADA))).statusCode).toBe(403);
    expect((await send(door.bearer(ADMIN, 'admin'))).statusCode).toBe(200);
    expect((await send(door.bearer(ADA, 'admin'))).statusCode).toBe(403);
  });

  it('ends with the session', async () => {
    const other = await startGateway();
    other.services.endSession(ADA.sessionId);
    expect((await other.send({ url: '/api/orders', headers: other.bearer(ADA) })).statusCode).toBe(401);
    await other.close();
  });
});

describe('refusals of services', () => {
  it('become problem documents with their facts', async () => {
    door.services.refuse('basket.addItem', 'OUT_OF_STOCK', { available: 2 });
    const answer = await door.send({
      method: 'POST',
      url: `/api/basket/${AN_ID}/items`,
      payload: { productId: AN_ID, quantity: 3 },
      headers: { 'x-correlation-id': 'c-1' },
    });
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect([answer.statusCode, answer.json()]).toEqual([
      409,
      {
        type: 'urn:order-system:problem:out-of-stock',
        title: 'Not enough in stock',
        status: 409,
        code: 'OUT_OF_STOCK',
        detail: 'No.',
        available: 2,
        correlationId: 'c-1',
      },
    ]);
  });

  it('say when to come back', async () => {
    door.services.refuse('auth.login', 'RATE_LIMITED', { retryAfter: 30 });
    const payload = { email: 'ada@example.com', password: 'x' };
    const answer = await door.send({ method: 'POST', url: '/api/auth/login', payload });
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([429, '30']);
  });

  it('hide what is no refusal', async () => {
    door.services.answer('catalog.categories', () => {
      throw new Error('password=CANARY at db.internal:5432');
    });
    const answer = await door.send({ url: '/api/categories' });
    expect([answer.statusCode, answer.json().code]).toEqual([500, 'INTERNAL']);
    expect(answer.body).not.toMatch(/CANARY|stack|db\.internal/);
  });
});

describe('health', () => {
  it('names each service', async () => {
    const answer = await door.send({ url: '/health' });
    expect(answer.statusCode).toBe(200);
    expect(answer.json().data.services).toHaveLength(8);
  });

  it('is 503 while one is away', async () => {
    const other = await startGateway();
    other.services.refuse('basket.ping', 'SERVICE_UNAVAILABLE');
    const answer = await other.send({ url: '/api/health' });
    expect(answer.statusCode).toBe(503);
    expect(answer.json().services).toContainEqual({ service: 'basket', up: false, latencyMs: null });
    await other.close();
  });

  it('is asked anew after a second, also when the time of day was set back', async () => {
    const other = await startGateway();
    const health = async () => (await other.send({ url: '/api/health' })).statusCode;
    expect(await health()).toBe(200);
    other.services.refuse('basket.ping', 'SERVICE_UNAVAILABLE');
    const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.now() - 3_600_000);
    await eventually(async () => expect(await health()).toBe(503)).finally(() => clock.mockRestore());
    await other.close();
  });
});
