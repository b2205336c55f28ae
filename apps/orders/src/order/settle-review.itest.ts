import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CallInput } from '@order-system/contracts/define';
import { DomainError } from '@order-system/contracts/errors';
import {
  CancelOrder,
  GetOrder,
  PayOrder,
  PlaceOrder,
  SetOrderStatus,
  SettleReview,
  UpdateOrder,
} from '@order-system/contracts/orders.contracts';
import { type MessageContext, systemContext } from '@order-system/messaging/context';
import { eventually } from '@order-system/messaging/testing/eventually';
import { newId } from '@order-system/prisma/id';
import { someone, startOrders } from './order.fixture.js';
import { lockOrder, saveOrder } from './order.store.js';
import { markPaid } from './paying.rules.js';

const admin = someone('admin');
const summary = 'Agreed.';

let shop: Awaited<ReturnType<typeof startOrders>>;
beforeAll(async () => {
  shop = await startOrders();
});
afterAll(() => shop.close());
beforeEach(() => {
  shop.neighbours.paymentRefusal = undefined;
  shop.neighbours.livePayment = undefined;
});

const place = async (owner: MessageContext = someone('user')) =>
  (await shop.rpc.call(PlaceOrder, { description: 'A table', quantity: 1 }, owner)).order;
const settle = (id: string, more: Partial<CallInput<typeof SettleReview>> = {}, by = admin) =>
  shop.rpc.call(SettleReview, { id, closingId: newId(), summary, ...more }, by);
const read = (id: string) => shop.rpc.call(GetOrder, { id }, admin);
const startsOf = (id: string) => shop.neighbours.startsOf(id);

describe('settling a review', () => {
  it('moves the order once, however often its closing comes', async () => {
    const { id } = await place();
    const closingId = newId();
    const answers = await Promise.all(Array.from({ length: 5 }, () => settle(id, { closingId })));
    for (const { status } of answers) expect(status).toBe('PROCESSING');
    const { history } = await read(id);
    expect(history).toHaveLength(2);
    expect(history[1]).toMatchObject({
      from: 'REVIEW',
      to: 'PROCESSING',
      by: admin.actor.id,
      reason: summary,
    });
    expect(await shop.eventsOf(id)).toEqual(['order.created', 'order.updated']);
    expect(startsOf(id)).toEqual([]);
  });

  it('has one time, for the order, its history and its event', async () => {
    const { id } = await place();
    const { updatedAt, history } = await settle(id);
    expect(history.at(-1)?.at).toEqual(updatedAt);
    expect(await shop.updatesOf(id)).toEqual([updatedAt.toISOString()]);
  });

  it('is for staff only', async () => {
    const owner = someone('user');
    const { id } = await place(owner);
    await expect(settle(id, {}, owner)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('leaves a cancelled order alone, and refuses a quote for it without a trace', async () => {
    const { id } = await place();
    await shop.rpc.call(CancelOrder, { id }, admin);
    const closingId = newId();
    await expect(settle(id, { closingId, quote: 5000 })).rejects.toMatchObject({
      code: 'ILLEGAL_TRANSITION',
      facts: { from: 'CANCELLED', possible: [] },
    });
    expect(await settle(id, { closingId })).toMatchObject({ status: 'CANCELLED', total: 0 });
    expect(await shop.eventsOf(id)).toEqual(['order.created', 'order.cancelled']);
  });
});

it('an order that its customer changed since staff looked is not settled, and one that stayed as it was is', async () => {
  const owner = someone('user');
  const { id, updatedAt: seen } = await place(owner);
  const changed = await shop.rpc.call(UpdateOrder, { id, quantity: 100 }, owner);
  await expect(settle(id, { orderUpdatedAt: seen })).rejects.toMatchObject({ code: 'ORDER_CHANGED' });
  expect((await read(id)).status).toBe('REVIEW');
  expect(await settle(id, { orderUpdatedAt: changed.updatedAt })).toMatchObject({ status: 'PROCESSING' });
});

it('an order that is past its review cannot be edited, and says where it can go', async () => {
  const owner = someone('user');
  const { id } = await place(owner);
  await settle(id);
  await expect(shop.rpc.call(UpdateOrder, { id, quantity: 2 }, owner)).rejects.toMatchObject({
    code: 'ILLEGAL_TRANSITION',
    facts: { from: 'PROCESSING', possible: ['SHIPPED', 'COMPLETED', 'CANCELLED'] },
  });
});

it('an order at own prices that staff agreed to before it was paid goes straight on once it is', async () => {
  const items = [{ title: 'A table', price: 900, quantity: 1 }];
  const { order } = await shop.rpc.call(PlaceOrder, { items, paymentMethod: 'SANDBOX' }, someone('user'));
  expect(await settle(order.id)).toMatchObject({ status: 'PENDING' });
  const ctx = systemContext();
  await shop.db.inTx(async (tx) => {
    const paid = markPaid(await lockOrder(tx, order.id, ctx.actor), {
      paymentId: newId(),
      provider: 'SANDBOX',
      amount: 900,
    });
    if (paid) await saveOrder(tx, paid, ctx);
  });
  expect((await read(order.id)).status).toBe('PROCESSING');
});

describe('a quote', () => {
  it('becomes what is to be paid, and its payment is started under one id', async () => {
    const { id, userId } = await place();
    const settled = await settle(id, { quote: 5000 });
    expect(settled).toMatchObject({ status: 'PROCESSING', total: 5000, paymentStatus: 'PENDING' });
    const payment = await eventually(async () => {
      const order = await read(id);
      expect(order.payment).toMatchObject({ status: 'PENDING', amount: 5000, provider: 'SANDBOX' });
      return order.payment;
    });
    expect(payment?.id).toBe(settled.payment?.id);
    expect(startsOf(id)).toEqual([
      {
        paymentId: payment?.id,
        orderId: id,
        userId,
        amount: 5000,
        method: 'SANDBOX',
        flow: 'FRONTEND',
        ifLive: 'KEEP',
      },
    ]);
    await expect(shop.rpc.call(SetOrderStatus, { id, status: 'COMPLETED' }, admin)).rejects.toMatchObject({
      code: 'ILLEGAL_TRANSITION',
    });
  });

  it.each([
    ['were away', 'SERVICE_UNAVAILABLE'],
    ['were busy with the order', 'STALE_WRITE'],
  ] as const)('is started again when payments %s, as the same payment', async (_, code) => {
    shop.neighbours.paymentRefusal = new DomainError(code, 'not now');
    const { id } = await place();
    await settle(id, { quote: 5000 });
    await eventually(() => expect(startsOf(id)).not.toEqual([]));
    shop.neighbours.paymentRefusal = undefined;
    await eventually(async () => expect((await read(id)).payment?.status).toBe('PENDING'));
    expect(new Set(startsOf(id).map(({ paymentId }) => paymentId)).size).toBe(1);
  });

  it('makes way for the payment that its customer was quicker with', async () => {
    shop.neighbours.livePayment = newId();
    const { id } = await place();
    await settle(id, { quote: 5000 });
    const live = { id: shop.neighbours.livePayment, status: 'PENDING' };
    await eventually(async () => expect((await read(id)).payment).toMatchObject(live));
  });

  it('is paid by its customer at the link that was mailed', async () => {
    const owner = someone('user');
    const { id } = await place(owner);
    const { payment: quoted } = await settle(id, { quote: 5000 });
    await eventually(async () => expect((await read(id)).payment?.status).toBe('PENDING'));
    shop.neighbours.livePayment = quoted?.id;
    const { order, payment } = await shop.rpc.call(PayOrder, { id, paymentMethod: 'stub' }, owner);
    expect([order.payment?.id, payment.id]).toEqual([quoted?.id, quoted?.id]);
  });

  it('that payments refuse can be paid in another way', async () => {
    shop.neighbours.paymentRefusal = new DomainError('PAYMENT_METHOD_UNAVAILABLE', 'not set up');
    const owner = someone('user');
    const { id } = await place(owner);
    await settle(id, { quote: 5000 });
    await eventually(async () => expect((await read(id)).paymentStatus).toBe('FAILED'));
    shop.neighbours.paymentRefusal = undefined;
    const { order } = await shop.rpc.call(PayOrder, { id, paymentMethod: 'stub' }, owner);
    expect(order).toMatchObject({ paymentStatus: 'PENDING', payment: { status: 'PENDING' } });
  });
});
