import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DomainError } from '@order-system/contracts/errors';
import { ListOrders, PlaceOrder } from '@order-system/contracts/orders.contracts';
import type { PaymentProviderName } from '@order-system/contracts/payments.contracts';
import { deadlineIn, type MessageContext } from '@order-system/messaging/context';
import { eventually } from '@order-system/messaging/testing/eventually';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { someone, startOrders } from './order.fixture.js';
import { claimPlacement, dropPlacement, releasePlacement } from './placement.store.js';

let shop: Awaited<ReturnType<typeof startOrders>>;
beforeAll(async () => {
  shop = await startOrders();
});
afterAll(() => shop.close());
beforeEach(() => {
  for (const asked of [shop.neighbours.released, shop.neighbours.givenBack]) asked.length = 0;
  shop.neighbours.paymentRefusal = undefined;
  shop.neighbours.paymentStatus = 'PENDING';
  shop.neighbours.price = 1000;
  shop.neighbours.releaseRefusal = undefined;
  shop.neighbours.reserveRefusal = undefined;
  shop.neighbours.livePayment = undefined;
  shop.neighbours.meanwhile = undefined;
});

const NOTHING = 0;

const place = (by: MessageContext, paymentMethod: PaymentProviderName = 'SANDBOX') =>
  shop.rpc.call(PlaceOrder, { items: [{ productId: newId(), quantity: 3 }], paymentMethod }, by);
const countOf = async (by: MessageContext) =>
  (await shop.rpc.call(ListOrders, { page: 1, limit: 20 }, by)).total;

it('names the line that cannot be had as it was sent, also among lines at own prices', async () => {
  const message = 'is no product on sale';
  shop.neighbours.reserveRefusal = new DomainError('NOT_FOUND', 'A product is gone.', {
    errors: [{ path: 'items.1.productId', message }],
  });
  const own = { title: 'A thing', price: 100, quantity: 1 };
  const sold = { productId: newId(), quantity: 1 };
  const items = [own, sold, own, { productId: newId(), quantity: 1 }];
  await expect(
    shop.rpc.call(PlaceOrder, { items, paymentMethod: 'SANDBOX' }, someone('user')),
  ).rejects.toMatchObject({ code: 'NOT_FOUND', facts: { errors: [{ path: 'items.3.productId', message }] } });
});

it('names the basket when a line of it cannot be had: the request has no other', async () => {
  shop.neighbours.reserveRefusal = new DomainError('NOT_FOUND', 'A product is gone.', {
    errors: [{ path: 'items.0.productId', message: 'is no product on sale' }],
  });
  const refused = shop.rpc.call(PlaceOrder, { basketId: newId(), paymentMethod: 'SANDBOX' }, someone('user'));
  const errors = [
    { path: 'basketId', message: expect.stringMatching(/^product [-\da-f]{36} is no product on sale$/) },
  ];
  await expect(refused).rejects.toMatchObject({ code: 'NOT_FOUND', facts: { errors } });

  shop.neighbours.reserveRefusal = undefined;
  shop.neighbours.price = NOTHING;
  const forNothing = shop.rpc.call(
    PlaceOrder,
    { basketId: newId(), paymentMethod: 'SANDBOX' },
    someone('user'),
  );
  await expect(forNothing).rejects.toMatchObject({
    detail: 'The order must cost something in all.',
    facts: { errors: [{ path: 'basketId', message: 'must cost something in all' }] },
  });
});

describe('while others do not answer, an order', () => {
  let speak: () => void;
  beforeEach(() => {
    const { promise, resolve } = Promise.withResolvers<void>();
    shop.neighbours.silence = promise;
    speak = resolve;
  });
  afterEach(() => {
    speak();
    shop.neighbours.silence = undefined;
  });

  it('of its own things is placed all the same, and can be paid later', async () => {
    const user = { ...someone('user'), deadline: deadlineIn(2000) };
    const items = [{ title: 'A thing', price: 100, quantity: 1 }];
    const placed = await shop.rpc.call(PlaceOrder, { items, paymentMethod: 'SANDBOX' }, user);
    expect(placed.order.status).toBe('PENDING');
    expect(placed.payment).toBeUndefined();
  });

  it('of a basket is refused, and the basket is full again by then', async () => {
    const user = { ...someone('user'), deadline: deadlineIn(2000) };
    const placing = shop.rpc.call(PlaceOrder, { basketId: newId(), paymentMethod: 'SANDBOX' }, user);
    await expect(placing).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(shop.neighbours.givenBack).toEqual([shop.neighbours.reserved.at(-1)?.orderId]);
  });
});

it('is not placed when its time is up, for by then its stock may be somebody else’s', async () => {
  const user = someone('user');
  const MUCH_LATER_MS = 600_000;
  const muchLater = performance.now() + MUCH_LATER_MS;
  shop.neighbours.meanwhile = () => void jest.spyOn(performance, 'now').mockReturnValue(muchLater);
  await expect(place(user)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  jest.restoreAllMocks();
  expect(await countOf(user)).toBe(0);
});

describe('an order that is refused after its stock was held', () => {
  it('gives the stock back at once, and leaves nothing behind', async () => {
    const user = someone('user');
    shop.neighbours.price = NOTHING;
    await expect(place({ ...user, idempotencyKey: 'a' })).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
    });
    const held = shop.neighbours.reserved.at(-1)?.orderId;
    expect(shop.neighbours.released).toEqual([held]);
    expect(await countOf(user)).toBe(0);
    shop.neighbours.price = 1000;
    expect((await place({ ...user, idempotencyKey: 'a' })).order.total).toBe(3000);
    expect(shop.neighbours.released).toEqual([held]);
  });

  it('is refused for the same reason when the stock cannot be given back: then the hold lapses', async () => {
    shop.neighbours.price = NOTHING;
    shop.neighbours.releaseRefusal = new DomainError('SERVICE_UNAVAILABLE', 'away');
    await expect(place(someone('user'))).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  });
});

it('gives a basket back what it was to be ordered of when it is refused, not when it can only not be paid yet', async () => {
  const order = () =>
    shop.rpc.call(PlaceOrder, { basketId: newId(), paymentMethod: 'SANDBOX' }, someone('user'));
  shop.neighbours.price = NOTHING;
  await expect(order()).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  expect(shop.neighbours.givenBack).toEqual([shop.neighbours.reserved.at(-1)?.orderId]);
  shop.neighbours.price = 1000;
  shop.neighbours.paymentRefusal = new DomainError('SERVICE_UNAVAILABLE', 'away');
  await order();
  expect(shop.neighbours.givenBack).toHaveLength(1);
});

it('gives back what it knows it took: the stock as well as the basket, no stock when nobody said it is held', async () => {
  const order = () =>
    shop.rpc.call(PlaceOrder, { basketId: newId(), paymentMethod: 'SANDBOX' }, someone('user'));
  shop.neighbours.price = NOTHING;
  await expect(order()).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  expect(shop.neighbours.released).toEqual(shop.neighbours.givenBack);
  shop.neighbours.reserveRefusal = new DomainError('SERVICE_UNAVAILABLE', 'no answer');
  await expect(order()).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  expect(shop.neighbours.givenBack).toHaveLength(2);
  expect(shop.neighbours.released).toHaveLength(1);
});

it('keeps the hold of an order whose payment cannot be started', async () => {
  shop.neighbours.paymentRefusal = new DomainError('SERVICE_UNAVAILABLE', 'away');
  const { order, payment } = await place(someone('user'));
  expect(payment).toBeUndefined();
  expect(shop.neighbours.released).not.toContain(order.id);
});

describe('an order whose payment has its outcome at once', () => {
  beforeEach(() => void (shop.neighbours.paymentStatus = 'FAILED'));

  it('is answered as the payment left it, though an event tells it that a moment later', async () => {
    const user = someone('user');
    const told = eventually(async () => {
      const [order] = (await shop.rpc.call(ListOrders, { page: 1, limit: 20 }, user)).items;
      await shop.db.execute(sql`
        UPDATE orders."order" SET payment_status = 'FAILED', payment_state = 'FAILED' WHERE id = ${order!.id}`);
    });
    const { order, payment } = await place(user);
    await told;
    expect([payment?.status, order.payment?.status, order.paymentStatus]).toEqual(Array(3).fill('FAILED'));
  });

  it('is answered as it is when that event is late', async () => {
    const { order, payment } = await place(someone('user'));
    expect([payment?.status, order.paymentStatus]).toEqual(['FAILED', 'PENDING']);
  });

  it('is answered in time to who has not much left', async () => {
    const user = someone('user');
    await expect(place({ ...user, deadline: deadlineIn(2000) })).resolves.toMatchObject({
      order: { paymentStatus: 'PENDING' },
    });
  });
});

it('leaves alone what the customer has begun to pay with, when a try that broke off is finished late', async () => {
  const user = { ...someone('user'), idempotencyKey: 'late' };
  const items = [{ productId: newId(), quantity: 1 }];
  const ask = () => shop.rpc.call(PlaceOrder, { items, paymentMethod: 'SANDBOX' }, user);
  const first = await ask();
  await shop.db.execute(sql`
    UPDATE orders.placement SET answer = NULL, claimed_until = now() - interval '1 second'
    WHERE order_id = ${first.order.id}`);
  shop.neighbours.livePayment = newId();
  const late = await ask();
  expect(late.order.id).toBe(first.order.id);
  expect(late.payment?.id).toBe(shop.neighbours.livePayment);
});

it('answers a repetition with the order that was placed of a basket, though the basket is empty by then', async () => {
  const user = { ...someone('user'), idempotencyKey: 'unheard' };
  const input = { basketId: newId(), paymentMethod: 'SANDBOX' as const };
  const ask = () => shop.rpc.call(PlaceOrder, input, user);
  const { order } = await ask();
  await shop.db.execute(sql`
    UPDATE orders.placement SET answer = NULL, claimed_until = now() - interval '1 second'
    WHERE order_id = ${order.id}`);
  const checkingOut = jest.spyOn(shop.neighbours, 'checkOut').mockResolvedValue({ lines: [] });
  expect((await ask()).order).toMatchObject({ id: order.id, items: order.items });
  checkingOut.mockRestore();
});

it('keeps what another process has taken over from a try that is refused late', async () => {
  const { actor } = someone('user');
  const input = { items: [{ productId: newId(), quantity: 1 }], paymentMethod: 'SANDBOX' as const };
  const claim = () => claimPlacement(shop.db, actor.id ?? '', 'slow', input);
  const late = await claim();
  await shop.db.execute(sql`
    UPDATE orders.placement SET claimed_until = now() - interval '1 second' WHERE order_id = ${late.orderId}`);
  expect(await claim()).toMatchObject({ orderId: late.orderId, isRepeated: true });
  await dropPlacement(shop.db, late);
  await releasePlacement(shop.db, late);
  await expect(claim()).rejects.toMatchObject({ code: 'IDEMPOTENCY_IN_PROGRESS' });
});

it('has as much time to be paid as every other when the clock of its process is a month ahead', async () => {
  const now = Date.now();
  // Only the time of day: timers run on.
  const doNotFake = [
    'hrtime',
    'nextTick',
    'performance',
    'queueMicrotask',
    'setImmediate',
    'clearImmediate',
  ] as const;
  const timers = ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] as const;
  jest.useFakeTimers({ now: now + 31 * 86_400_000, doNotFake: [...doNotFake, ...timers] });
  const { order } = await place(someone('user')).finally(() => jest.useRealTimers());
  expect(Math.abs(order.createdAt.getTime() - now)).toBeLessThan(60_000);
  const [row] = await shop.db.query<{ window: number }>(sql`
    SELECT extract(epoch FROM pay_before - created_at)::int AS window FROM orders."order" WHERE id = ${order.id}`);
  expect(row).toEqual({ window: 30 * 60 });
});

it('is refused with a payment method that is not set up, before anything is held', async () => {
  const user = someone('user');
  const before = shop.neighbours.reserved.length;
  await expect(place({ ...user, idempotencyKey: 'a' }, 'STRIPE')).rejects.toMatchObject({
    code: 'PAYMENT_METHOD_UNAVAILABLE',
    facts: { available: ['SANDBOX'] },
  });
  expect(shop.neighbours.reserved).toHaveLength(before);
  expect(await countOf(user)).toBe(0);
  expect((await place({ ...user, idempotencyKey: 'a' })).order.status).toBe('PENDING');
});
