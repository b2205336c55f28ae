import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  type Basket,
  type Client,
  givenAdmin,
  givenProduct,
  givenUser,
  type Order,
  pay,
  type Payment,
  type Placed,
  type Product,
} from './client.js';

interface StoredEvent {
  type: string;
  data: { total?: number; amount?: number };
}

let admin: Client;
let user: Client;
beforeAll(async () => {
  [admin, user] = await Promise.all([givenAdmin(), givenUser()]);
});

const inBasket = async (product: Product, quantity: number): Promise<Basket> => {
  const { id } = await user.ask<Basket>('POST', '/basket');
  await user.ask('DELETE', `/basket/${id}/items`);
  return user.ask('POST', `/basket/${id}/items`, { productId: product.id, quantity });
};

it('costs the same to the cent in basket, order, payment, payment page, events and refund', async () => {
  const product = await givenProduct(admin, { price: 19.99 });
  const basket = await inBasket(product, 3);
  expect(basket).toMatchObject({ subtotal: 59.97, items: [{ price: 19.99, quantity: 3, total: 59.97 }] });

  const placed = await user.ask<Placed>('POST', '/orders', { basketId: basket.id, paymentMethod: 'SANDBOX' });
  expect(placed.order).toMatchObject({ subtotal: 59.97, total: 59.97, currency: 'USD' });
  expect(placed.order.items).toMatchObject([{ price: 19.99, quantity: 3, total: 59.97 }]);
  expect(placed.payment).toMatchObject({ amount: 59.97, refunded: 0 });
  const page = await user.send('GET', placed.paymentUrl ?? '', { headers: { accept: 'text/html' } });
  expect(page.text).toContain('$59.97');

  const paid = await pay(user, placed);
  expect(paid.payment).toMatchObject({ amount: 59.97, status: 'SUCCEEDED' });
  const amounts = async (id: string | undefined) => {
    const events = await admin.ask<StoredEvent[]>('GET', `/events?aggregateId=${id}`);
    return events.map(({ type, data }) => [type, data.total ?? data.amount]);
  };
  expect(await amounts(paid.id)).toContainEqual(['order.created', 59.97]);
  expect(await amounts(paid.payment?.id)).toContainEqual(['payment.succeeded', 59.97]);

  const refunded = await admin.ask<Payment>('POST', `/payments/${paid.payment?.id}/refund`, { amount: 0.01 });
  expect(refunded).toMatchObject({ amount: 59.97, refunded: 0.01 });
  expect(await admin.ask('POST', `/payments/${paid.payment?.id}/refund`, {})).toMatchObject({
    refunded: 59.97,
  });
});

describe('a price finer than the currency is refused', () => {
  it.each([0.001, 19.999, 1e-7])('for a product: %p', async (price) => {
    const body = { sku: `FINE-${price}`, name: 'Fine', category: 'End to end', price };
    const answer = await admin.send('POST', '/products', { body });
    expect(answer.outcome).toEqual([400, 'VALIDATION_FAILED']);
    expect(answer.body().errors?.[0]?.path).toBe('price');
  });

  it.each([0.001, 19.999])('for an item of the customer: %p', async (price) => {
    const body = { items: [{ title: 'A thing', price, quantity: 1 }], paymentMethod: 'SANDBOX' };
    expect((await user.send('POST', '/orders', { body })).outcome).toEqual([400, 'VALIDATION_FAILED']);
  });

  it('for a refund', async () => {
    const placed = await user.ask<Placed>('POST', '/orders', {
      items: [{ title: 'A thing', price: 5, quantity: 1 }],
      paymentMethod: 'SANDBOX',
    });
    const answer = await admin.send('POST', `/payments/${placed.payment?.id}/refund`, {
      body: { amount: 0.005 },
    });
    expect(answer.outcome).toEqual([400, 'VALIDATION_FAILED']);
  });
});

describe('sums stay exact', () => {
  it.each([
    { price: 0.07, quantity: 1_000_000, total: 70_000 },
    { price: 1.15, quantity: 999_999, total: 1_149_998.85 },
    { price: 1_000_000, quantity: 12_345, total: 12_345_000_000 },
    { price: 999_999.99, quantity: 9_999, total: 9_998_999_900.01 },
  ])('of $quantity x $price', async ({ price, quantity, total }) => {
    const items = [{ title: 'A thing', price, quantity }];
    const { order } = await user.ask<Placed>('POST', '/orders', { items, paymentMethod: 'SANDBOX' });
    expect(order).toMatchObject({ total, items: [{ total }] });
    expect((await user.ask<Order>('GET', `/orders/${order.id}`)).payment?.amount).toBe(total);
  });

  it('of a hundred lines of 0.01 and 0.29', async () => {
    const items = Array.from({ length: 100 }, (_, i) => ({
      title: `Thing ${i}`,
      price: i % 2 ? 0.01 : 0.29,
      quantity: 3,
    }));
    const { order } = await user.ask<Placed>('POST', '/orders', { items, paymentMethod: 'SANDBOX' });
    expect(order.total).toBe(45);
  });

  it('and are refused where they would not be', async () => {
    const items = [{ title: 'Everything', price: 1_000_000, quantity: 1_000_000 }];
    const body = { items: Array.from({ length: 100 }, () => items[0]), paymentMethod: 'SANDBOX' };
    expect((await user.send('POST', '/orders', { body })).outcome).toEqual([400, 'VALIDATION_FAILED']);
  });
});

it('takes a price along only when it is the price of the catalogue', async () => {
  const product = await givenProduct(admin, { price: 19.99 });
  const order = (price: number) =>
    user.send('POST', '/orders', {
      body: { items: [{ productId: product.id, quantity: 1, price }], paymentMethod: 'SANDBOX' },
    });
  expect((await order(19.98)).outcome).toEqual([409, 'PRICE_CHANGED']);
  expect((await order(19.99)).status).toBe(201);
});
