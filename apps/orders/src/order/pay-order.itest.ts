import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DomainError, type ErrorCode } from '@order-system/contracts/errors';
import { CancelOrder, GetOrder, PayOrder, PlaceOrder } from '@order-system/contracts/orders.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { someone, startOrders } from './order.fixture.js';
import { lockOrder, saveOrder } from './order.store.js';
import { markPaid } from './paying.rules.js';

let shop: Awaited<ReturnType<typeof startOrders>>;
let user: MessageContext;
let id: string;
beforeAll(async () => {
  shop = await startOrders();
});
afterAll(() => shop.close());
beforeEach(async () => {
  const { neighbours, rpc } = shop;
  neighbours.paymentRefusal = undefined;
  neighbours.paymentStatus = 'PENDING';
  user = someone('user');
  const items = [{ productId: newId(), quantity: 1 }];
  ({ id } = (await rpc.call(PlaceOrder, { items, paymentMethod: 'SANDBOX' }, user)).order);
});

const pay = (key?: string) =>
  shop.rpc.call(
    PayOrder,
    { id, paymentMethod: 'SANDBOX' },
    key === undefined ? user : { ...user, idempotencyKey: key },
  );
const read = () => shop.rpc.call(GetOrder, { id }, user);
const loseAnswers = () => shop.db.execute(sql`DELETE FROM events.idempotency_key`);

describe('another attempt to pay', () => {
  it('is what the order waits for, once, however often it is asked for under one key', async () => {
    const first = await read();
    const answers = [await pay('a'), ...(await Promise.all([pay('a'), pay('a')]))];
    expect(new Set(answers.map(({ payment }) => payment.id)).size).toBe(1);
    for (const { order, payment } of answers)
      expect(order.payment).toMatchObject({ id: payment.id, status: 'PENDING' });
    expect(answers[0]?.payment.id).not.toBe(first.payment?.id);
    expect(await shop.eventsOf(id)).toEqual(['order.created', 'order.updated']);
  });

  it.each<ErrorCode>(['PAYMENT_METHOD_UNAVAILABLE', 'NOT_PAYABLE', 'STALE_WRITE'])(
    'leaves no trace when payments refuse it with %s',
    async (code) => {
      const before = await read();
      shop.neighbours.paymentRefusal = new DomainError(code, 'No.');
      await expect(pay('a')).rejects.toMatchObject({ code });
      expect(await read()).toEqual(before);
      expect(await shop.eventsOf(id)).toEqual(['order.created']);
    },
  );

  it('goes on as the same one after its answer was lost', async () => {
    shop.neighbours.paymentRefusal = new DomainError('SERVICE_UNAVAILABLE', 'cut off');
    await expect(pay('a')).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    shop.neighbours.paymentRefusal = undefined;
    const { order, payment } = await pay('a');
    expect(order.payment?.id).toBe(payment.id);
    const [, ...attempts] = shop.neighbours.startsOf(id);
    expect(attempts.map(({ paymentId }) => paymentId)).toEqual([payment.id, payment.id]);
  });

  it('goes on as the same one while nobody knows what its provider made of it', async () => {
    shop.neighbours.paymentStatus = 'REQUESTED';
    const { payment } = await pay('a');
    shop.neighbours.paymentStatus = 'PENDING';
    expect((await pay('a')).payment).toMatchObject({ id: payment.id, status: 'PENDING' });
  });

  it('that was declined at once is noted so, and the order takes another', async () => {
    shop.neighbours.paymentStatus = 'FAILED';
    const { order, payment } = await pay();
    expect(order).toMatchObject({ paymentStatus: 'FAILED', payment: { id: payment.id, status: 'FAILED' } });
    shop.neighbours.paymentStatus = 'PENDING';
    expect((await pay()).order).toMatchObject({ paymentStatus: 'PENDING', payment: { status: 'PENDING' } });
  });

  it('is answered as the first time when the order is paid by now, also by another one', async () => {
    const [first, second] = [await pay('a'), await pay('b')];
    const paid = { paymentId: second.payment.id, provider: 'SANDBOX', amount: 3000 } as const;
    await shop.db.inTx(async (tx) => {
      const decision = markPaid(await lockOrder(tx, id, user.actor), paid);
      if (decision) await saveOrder(tx, decision, user);
    });
    expect([await pay('a'), await pay('b')]).toEqual([first, second]);
    expect(shop.neighbours.startsOf(id)).toHaveLength(3);
    await expect(pay('c')).rejects.toMatchObject({ code: 'ALREADY_PAID' });
  });

  it('does not come back when its answer was lost and a later one replaced it', async () => {
    await pay('a');
    const later = await pay('b');
    await loseAnswers();
    shop.neighbours.paymentStatus = 'CANCELLED';
    expect((await pay('a')).order.payment?.id).toBe(later.payment.id);
  });

  it('does not come back either when the later one is live, and it was declined', async () => {
    shop.neighbours.paymentStatus = 'FAILED';
    await pay('a');
    shop.neighbours.paymentStatus = 'PENDING';
    const later = await pay('b');
    await loseAnswers();
    shop.neighbours.paymentStatus = 'FAILED';
    const live = { paymentStatus: 'PENDING', payment: { id: later.payment.id, status: 'PENDING' } };
    expect((await pay('a')).order).toMatchObject(live);
  });

  it('has an id like all others, which says when its order was placed', async () => {
    const { payment } = await pay('a');
    expect(payment.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(payment.id.slice(0, 13)).toBe(id.slice(0, 13));
    expect((await pay('b')).payment.id).not.toBe(payment.id);
  });

  it('is not even begun for an order that is cancelled', async () => {
    const { payment } = await shop.rpc.call(CancelOrder, { id }, user);
    expect(payment?.status).toBe('CANCELLED');
    await expect(pay()).rejects.toMatchObject({ code: 'NOT_PAYABLE' });
    expect(shop.neighbours.startsOf(id)).toHaveLength(1);
  });
});
