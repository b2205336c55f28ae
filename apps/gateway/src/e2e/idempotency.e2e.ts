import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@order-system/messaging/testing/eventually';
import {
  anEmail,
  type Basket,
  type Client,
  givenAdmin,
  givenPaidOrder,
  givenProduct,
  givenUser,
  guest,
  PASSWORD,
  pay,
  type Payment,
  type Placed,
  type Product,
  times,
  waitForOrder,
} from './client.js';

let admin: Client;
let user: Client;
let product: Product;
beforeAll(async () => {
  [admin, user] = await Promise.all([givenAdmin(), givenUser()]);
  product = await givenProduct(admin);
});

const orderOf = (quantity: number) => ({
  items: [{ productId: product.id, quantity }],
  paymentMethod: 'SANDBOX',
});
const place = (who: Client, key: string, quantity = 1) =>
  who.send('POST', '/orders', { key, body: orderOf(quantity) });
const stockOf = async ({ id }: Product) => (await admin.ask<Product>('GET', `/products/${id}`)).stock;
const ordersOf = async (who: Client) =>
  (await who.send('GET', '/orders')).body<{ meta: { total: number } }>().meta;

describe('POST /orders under one Idempotency-Key', () => {
  it('makes one order of 20 requests at once, and gives each its answer', async () => {
    const buyer = await givenUser();
    const key = randomUUID();
    const before = await stockOf(product);
    const answers = await Promise.all(times(20, () => place(buyer, key)));
    const placed = answers.filter(({ status }) => status === 201);
    expect(placed.length).toBeGreaterThanOrEqual(1);
    for (const answer of answers.filter(({ status }) => status !== 201)) {
      expect(answer.outcome).toEqual([409, 'IDEMPOTENCY_IN_PROGRESS']);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    }
    const [first] = placed.map((answer) => answer.data<Placed>());
    for (const answer of placed) expect(answer.data()).toEqual(first);
    expect((await place(buyer, key)).data()).toEqual(first);
    expect(await ordersOf(buyer)).toMatchObject({ total: 1 });
    expect(await stockOf(product)).toBe(before - 1);
  });

  it('gives the first answer also when the order has moved on', async () => {
    const key = randomUUID();
    const first = (await place(user, key)).data<Placed>();
    await user.ask('POST', `/orders/${first.order.id}/cancel`, {});
    expect((await place(user, key)).data()).toEqual(first);
  });

  it('refuses another body', async () => {
    const key = randomUUID();
    await place(user, key);
    expect((await place(user, key, 2)).outcome).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
  });

  it('does not mind the order of the fields', async () => {
    const key = randomUUID();
    const first = (await place(user, key)).data<Placed>();
    const { items, paymentMethod } = orderOf(1);
    const again = await user.send('POST', '/orders', { key, body: { paymentMethod, items } });
    expect(again.data<Placed>().order.id).toBe(first.order.id);
  });

  it('knows nothing of the keys of others', async () => {
    const key = randomUUID();
    const other = await givenUser();
    const [mine, theirs] = await Promise.all([place(user, key), place(other, key, 2)]);
    expect([mine.status, theirs.status]).toEqual([201, 201]);
    expect(theirs.data<Placed>().order.userId).toBe(other.userId);
  });

  it('can be used again after a refusal', async () => {
    const scarce = await givenProduct(admin, { stock: 0 });
    const key = randomUUID();
    const body = { items: [{ productId: scarce.id, quantity: 1 }], paymentMethod: 'SANDBOX' };
    expect((await user.send('POST', '/orders', { key, body })).outcome).toEqual([409, 'OUT_OF_STOCK']);
    await admin.ask('POST', `/products/${scarce.id}/restock`, { quantity: 1 });
    expect((await user.send('POST', '/orders', { key, body })).status).toBe(201);
  });

  it.each(['', ' ', 'x'.repeat(1000), 'a\tb'])('refuses the key %j', async (key) => {
    expect((await place(user, key)).outcome).toEqual([400, 'VALIDATION_FAILED']);
  });

  it('can be left out', async () => {
    expect((await user.send('POST', '/orders', { body: orderOf(1) })).status).toBe(201);
  });
});

describe('other commands under one Idempotency-Key', () => {
  it('refund once', async () => {
    const order = await givenPaidOrder(user, product);
    const path = `/payments/${order.payment?.id}/refund`;
    const key = randomUUID();
    const refund = (amount: number) => admin.send('POST', path, { key, body: { amount } });
    await Promise.all(times(5, () => refund(5)));
    expect((await refund(5)).data<Payment>().refunded).toBe(5);
    expect((await refund(6)).outcome).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    expect((await admin.ask<Payment>('GET', `/payments/${order.payment?.id}`)).refunded).toBe(5);
  });

  it('restock once', async () => {
    const shelf = await givenProduct(admin, { stock: 0 });
    const key = randomUUID();
    const restock = () => admin.send('POST', `/products/${shelf.id}/restock`, { key, body: { quantity: 5 } });
    await Promise.all(times(5, restock));
    expect(await stockOf(shelf)).toBe(5);
  });

  it('put into the basket once', async () => {
    const { id } = await user.ask<{ id: string }>('POST', '/basket');
    const key = randomUUID();
    const body = { productId: product.id, quantity: 2 };
    const add = () => user.send('POST', `/basket/${id}/items`, { key, body });
    await Promise.all(times(5, add));
    const basket = await user.ask<{ items: object[] }>('GET', '/basket');
    expect(basket.items).toMatchObject([{ quantity: 2 }]);
  });

  it("open a guest's basket once", async () => {
    const key = randomUUID();
    const open = () => guest().send('POST', '/basket', { key });
    const opened = await Promise.all(times(5, open));
    opened.push(await open());
    expect(new Set(opened.map((answer) => answer.data<Basket>().id)).size).toBe(1);
  });

  it('open an account once, also at both routes', async () => {
    const key = randomUUID();
    const body = { email: anEmail(), password: PASSWORD };
    const register = (path: string, more = {}) =>
      guest().send('POST', path, { key, body: { ...body, ...more } });
    const answers = await Promise.all(times(5, () => register('/auth/register')));
    answers.push(await register('/users/register'));
    for (const answer of answers) expect(answer.outcome).toEqual([201, undefined]);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect((await register('/auth/register', { name: 'Ada' })).outcome).toEqual([
      422,
      'IDEMPOTENCY_KEY_REUSED',
    ]);
  });

  it('try to pay once, and give the first answer also when the order is paid', async () => {
    const placed = await user.ask<Placed>('POST', '/orders', orderOf(1));
    const key = randomUUID();
    const path = `/orders/${placed.order.id}/payments`;
    const attempt = () => user.send('POST', path, { key, body: { paymentMethod: 'SANDBOX' } });
    const first = (await attempt()).data<Placed>();
    expect((await attempt()).data()).toEqual(first);
    await pay(user, first);
    expect((await attempt()).data()).toEqual(first);
  });

  it('cancel once', async () => {
    const placed = await user.ask<Placed>('POST', '/orders', orderOf(1));
    const key = randomUUID();
    const cancel = () => user.send('POST', `/orders/${placed.order.id}/cancel`, { key, body: {} });
    const first = await cancel();
    expect(first.status).toBe(200);
    expect(await eventually(cancel)).toMatchObject({ status: 200 });
    expect((await waitForOrder(user, placed.order.id, { status: 'CANCELLED' })).history).toHaveLength(2);
  });
});
