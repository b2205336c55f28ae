import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@order-system/messaging/testing/eventually';
import {
  type Client,
  givenAdmin,
  givenOrder,
  givenPaidOrder,
  givenProduct,
  givenUser,
  type Order,
  pay,
  type Payment,
  type Placed,
  type Product,
  settle,
  tally,
  times,
  waitFor,
  waitForOrder,
} from './client.js';
import { expectMoneyBack } from './money-back.js';

let admin: Client;
let user: Client;
beforeAll(async () => {
  [admin, user] = await Promise.all([givenAdmin(), givenUser()]);
});

const payAgain = (order: Order) =>
  user.send('POST', `/orders/${order.id}/payments`, { body: { paymentMethod: 'SANDBOX' } });
const cancel = (who: Client, { id }: Order) => who.send('POST', `/orders/${id}/cancel`, { body: {} });
const refund = (payment: { id: string } | undefined, amount?: number) =>
  admin.send('POST', `/payments/${payment?.id}/refund`, { body: { amount } });
const waitForStock = ({ id }: Product, stock: number) =>
  waitFor<Product>(admin, `/products/${id}`, { stock });

describe('a declined payment', () => {
  it('leaves the order waiting, and another try pays it', async () => {
    const product = await givenProduct(admin, { stock: 3 });
    const placed = await givenOrder(user, product);
    await settle(placed, 'decline');
    const declined = await waitForOrder(user, placed.order.id, { paymentStatus: 'FAILED' });
    expect(declined).toMatchObject({ status: 'PENDING', payment: { status: 'FAILED' } });
    expect(await user.ask('GET', `/payments/${placed.payment?.id}`)).toMatchObject({
      status: 'FAILED',
      message: 'The payment was declined.',
    });

    const again = (await payAgain(placed.order)).data<Placed>();
    expect(again.order.paymentStatus).toBe('PENDING');
    expect(again.payment?.id).not.toBe(placed.payment?.id);
    const paid = await pay(user, again);
    expect(paid).toMatchObject({
      status: 'PROCESSING',
      payment: { id: again.payment?.id, status: 'SUCCEEDED' },
    });
    await waitForStock(product, 2);
  });

  it('cannot be paid at its old page', async () => {
    const placed = await givenOrder(user, await givenProduct(admin));
    await settle(placed, 'decline');
    expect((await settle(placed, 'pay')).data()).toMatchObject({ status: 'DECLINED' });
    await waitForOrder(user, placed.order.id, { paymentStatus: 'FAILED', status: 'PENDING' });
  });
});

it('takes the money once of two payment pages that are both open', async () => {
  const product = await givenProduct(admin, { stock: 5 });
  const first = await givenOrder(user, product);
  const second = { ...first, ...(await payAgain(first.order)).data<Placed>() };
  await Promise.all([settle(first), settle(second)]);
  const order = await waitForOrder(user, first.order.id, { status: 'PROCESSING' });
  const net = async ({ payment }: Placed) => {
    const { status, amount, refunded } = await user.ask<Payment>('GET', `/payments/${payment?.id}`);
    return ['SUCCEEDED', 'PARTIALLY_REFUNDED', 'REFUNDED'].includes(status) ? amount - refunded : 0;
  };
  expect((await payAgain(order)).outcome).toEqual([409, 'ALREADY_PAID']);
  await eventually(async () => expect((await net(first)) + (await net(second))).toBe(19.99));
  expect(await user.ask('GET', `/orders/${order.id}`)).toMatchObject({ paymentStatus: 'PAID' });
});

describe('a card given along', () => {
  const charge = (paymentMethodId: string, product: Product) =>
    user.ask<Placed>('POST', '/orders', {
      items: [{ productId: product.id, quantity: 1 }],
      paymentMethod: 'stub',
      paymentFlow: 'BACKEND',
      paymentMethodId,
    });

  it('is charged at once, with a receipt', async () => {
    const { order, payment } = await charge('pm_sandbox_ok', await givenProduct(admin));
    expect(payment).toMatchObject({ provider: 'SANDBOX', status: 'SUCCEEDED', receipt: expect.any(String) });
    expect(order).toMatchObject({
      status: 'PROCESSING',
      paymentStatus: 'PAID',
      payment: { status: 'SUCCEEDED' },
      history: [{ to: 'PENDING' }, { to: 'PROCESSING' }],
    });
  });

  it.each([
    ['pm_sandbox_declined', 'The card was declined.'],
    ['constructor', 'The card is not known.'],
  ])('may be declined: %s', async (card, message) => {
    const { order, payment } = await charge(card, await givenProduct(admin));
    expect(payment).toMatchObject({ status: 'FAILED', message });
    expect(order).toMatchObject({
      status: 'PENDING',
      paymentStatus: 'FAILED',
      payment: { status: 'FAILED' },
      history: [{ to: 'PENDING' }],
    });
  });
});

it.each(['STRIPE', 'PAYPAL'])(
  'takes no order with %s, which is not set up, and no stock for it',
  async (paymentMethod) => {
    const product = await givenProduct(admin, { stock: 1 });
    const items = [{ productId: product.id, quantity: 1 }];
    const answer = await user.send('POST', '/orders', { body: { items, paymentMethod } });
    expect(answer.outcome).toEqual([422, 'PAYMENT_METHOD_UNAVAILABLE']);
    expect(await user.ask('GET', `/products/${product.id}`)).toMatchObject({ stock: 1 });
  },
);

describe('cancelling', () => {
  it('before the payment closes its page and gives the stock back', async () => {
    const product = await givenProduct(admin, { stock: 3 });
    const placed = await givenOrder(user, product, 3);
    const cancelled = (await cancel(user, placed.order)).data<Order>();
    expect(cancelled).toMatchObject({
      status: 'CANCELLED',
      history: [{ to: 'PENDING' }, { by: user.userId }],
    });
    await waitForStock(product, 3);
    await waitFor<Payment>(user, `/payments/${placed.payment?.id}`, { status: 'CANCELLED' });
    expect((await payAgain(placed.order)).outcome).toEqual([409, 'NOT_PAYABLE']);
    expect((await cancel(user, placed.order)).outcome).toEqual([409, 'ILLEGAL_TRANSITION']);
    await expectMoneyBack(user, placed);
  });

  it('after the payment is for staff; money and stock go back', async () => {
    const product = await givenProduct(admin, { stock: 3 });
    const order = await givenPaidOrder(user, product, 2);
    await waitForStock(product, 1);
    expect((await cancel(user, order)).outcome).toEqual([409, 'ILLEGAL_TRANSITION']);
    expect((await cancel(admin, order)).data()).toMatchObject({ status: 'CANCELLED' });
    await waitForOrder(user, order.id, { paymentStatus: 'REFUNDED' });
    expect(await user.ask('GET', `/payments/${order.payment?.id}`)).toMatchObject({
      status: 'REFUNDED',
      refunded: 39.98,
    });
    await waitForStock(product, 3);
    expect((await payAgain(order)).outcome[0]).toBe(409);
    expect((await refund(order.payment)).outcome).toEqual([409, 'REFUND_EXCEEDS_CAPTURED']);
  });

  it('after a part was refunded gives the rest back', async () => {
    const order = await givenPaidOrder(user, await givenProduct(admin));
    await refund(order.payment, 4.99);
    await cancel(admin, order);
    await waitFor<Payment>(user, `/payments/${order.payment?.id}`, { status: 'REFUNDED', refunded: 19.99 });
    await waitForOrder(user, order.id, { paymentStatus: 'REFUNDED' });
  });

  it('while somebody pays never keeps money or stock', async () => {
    const product = await givenProduct(admin, { stock: 20 });
    const orders = await Promise.all(times(20, () => givenOrder(user, product)));
    await Promise.all(orders.flatMap((placed) => [settle(placed), cancel(admin, placed.order)]));
    await Promise.all(orders.map((placed) => expectMoneyBack(user, placed)));
    await waitForStock(product, 20);
  });
});

describe('refunds', () => {
  it('go back in parts, up to what was captured', async () => {
    const order = await givenPaidOrder(user, await givenProduct(admin));
    expect((await refund(order.payment, 20)).outcome).toEqual([409, 'REFUND_EXCEEDS_CAPTURED']);
    expect((await refund(order.payment, 5)).data()).toMatchObject({
      status: 'PARTIALLY_REFUNDED',
      refunded: 5,
    });
    await waitForOrder(user, order.id, { paymentStatus: 'PARTIALLY_REFUNDED', status: 'PROCESSING' });
    expect((await refund(order.payment, 15)).outcome).toEqual([409, 'REFUND_EXCEEDS_CAPTURED']);
    expect((await refund(order.payment)).data()).toMatchObject({ status: 'REFUNDED', refunded: 19.99 });
    expect((await refund(order.payment, 0.01)).outcome).toEqual([409, 'REFUND_EXCEEDS_CAPTURED']);
    await waitForOrder(user, order.id, { paymentStatus: 'REFUNDED', status: 'PROCESSING' });
  });

  it('at the same time never exceed what was captured', async () => {
    const order = await givenPaidOrder(user, await givenProduct(admin));
    const answers = await Promise.all(times(10, () => refund(order.payment, 5)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
    expect(await user.ask('GET', `/payments/${order.payment?.id}`)).toMatchObject({ refunded: 15 });
  });

  it('are none where nothing was paid', async () => {
    const placed = await givenOrder(user, await givenProduct(admin));
    expect((await refund(placed.payment)).outcome).toEqual([409, 'REFUND_EXCEEDS_CAPTURED']);
  });

  it.each([0, -1, '5', 1e21])('of %p are refused', async (amount) => {
    const placed = await givenOrder(user, await givenProduct(admin));
    const answer = await admin.send('POST', `/payments/${placed.payment?.id}/refund`, { body: { amount } });
    expect(answer.outcome).toEqual([400, 'VALIDATION_FAILED']);
  });
});

describe('orders that staff have to agree to', () => {
  it('are those with prices of the customer: paid, they go to REVIEW', async () => {
    const items = [{ title: 'A cheap car', price: 1, quantity: 1 }];
    const placed = await user.ask<Placed>('POST', '/orders', { items, paymentMethod: 'SANDBOX' });
    expect(placed.order.status).toBe('PENDING');
    expect(await pay(user, placed)).toMatchObject({ status: 'REVIEW', paymentStatus: 'PAID' });
    expect((await cancel(user, placed.order)).status).toBe(200);
    await expectMoneyBack(user, placed);
  });

  it('are those made to order: REVIEW, PROCESSING, SHIPPED, COMPLETED', async () => {
    const { order } = await user.ask<Placed>('POST', '/orders', {
      description: 'A table of oak',
      specifications: { legs: 4 },
      quantity: 1,
      metadata: { from: 'web' },
    });
    expect(order).toMatchObject({
      kind: 'CUSTOM',
      status: 'REVIEW',
      paymentStatus: 'NOT_REQUIRED',
      total: 0,
    });
    const path = `/orders/${order.id}`;
    expect(await user.ask('PATCH', path, { quantity: 2, specifications: 'four legs' })).toMatchObject({
      description: 'A table of oak',
      quantity: 2,
      specifications: 'four legs',
      metadata: { from: 'web' },
    });
    expect((await admin.send('PATCH', path, { body: { quantity: 3 } })).outcome).toEqual([404, 'NOT_FOUND']);

    const move = (status: string, more = {}) =>
      admin.ask<Order>('PATCH', `${path}/status`, { status, ...more });
    const early = await admin.send('PATCH', `${path}/status`, { body: { status: 'PROCESSING' } });
    expect(early.outcome).toEqual([409, 'ILLEGAL_TRANSITION']);
    expect(early.body()).toMatchObject({
      detail: expect.stringContaining('closing its room with a summary'),
    });
    await admin.ask('PATCH', `/chat/${order.id}/close`, { summary: 'agreed by telephone' });
    expect((await user.send('PATCH', path, { body: { quantity: 3 } })).outcome).toEqual([
      409,
      'ILLEGAL_TRANSITION',
    ]);
    await move('SHIPPED', { trackingNumber: '1Z999', carrier: 'UPS' });
    const done = await move('COMPLETED');
    expect(done).toMatchObject({ status: 'COMPLETED', trackingNumber: '1Z999', carrier: 'UPS', quantity: 2 });
    const history = done.history.map(({ from, to, by, reason }) => [from, to, by, reason]);
    expect(history).toEqual([
      [null, 'REVIEW', user.userId, undefined],
      ['REVIEW', 'PROCESSING', admin.userId, 'agreed by telephone'],
      ['PROCESSING', 'SHIPPED', admin.userId, undefined],
      ['SHIPPED', 'COMPLETED', admin.userId, undefined],
    ]);
    expect(await user.ask('GET', `${path}/tracking`)).toMatchObject({ status: 'COMPLETED', carrier: 'UPS' });
  });

  it('close with a price in the room, once, and are paid before they are complete', async () => {
    const { order } = await user.ask<Placed>('POST', '/orders', {
      description: 'A table of oak',
      quantity: 1,
    });
    const body = { summary: 'Oiled oak, four legs', quote: 249.5 };
    const closings = await Promise.all(
      times(5, () => admin.send('PATCH', `/chat/${order.id}/close`, { body })),
    );
    expect(tally(closings)).toEqual({ '200': 1, '409 ROOM_CLOSED': 4 });
    const agreed = await waitForOrder(user, order.id, { status: 'PROCESSING' });
    expect(agreed).toMatchObject({ paymentStatus: 'PENDING', total: 249.5 });

    const complete = () =>
      admin.send('PATCH', `/orders/${order.id}/status`, { body: { status: 'COMPLETED' } });
    expect((await complete()).outcome).toEqual([409, 'ILLEGAL_TRANSITION']);
    await pay(user, (await payAgain(order)).data<Placed>());
    expect((await complete()).data()).toMatchObject({ status: 'COMPLETED', paymentStatus: 'PAID' });
  });
});
