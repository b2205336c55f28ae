import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@order-system/messaging/testing/eventually';
import {
  type Client,
  givenAdmin,
  givenOrder,
  givenPaidOrder,
  givenProduct,
  givenUser,
  movementsOf,
  type Product,
  tally,
  times,
  waitFor,
} from './client.js';

let admin: Client;
let users: Client[];
beforeAll(async () => {
  admin = await givenAdmin();
  users = await Promise.all(times(5, () => givenUser()));
});

const buy = (user: Client, product: Product, quantity = 1) =>
  user.send('POST', '/orders', {
    body: { items: [{ productId: product.id, quantity }], paymentMethod: 'SANDBOX' },
  });
const movementsOnce = (product: Product, count: number) =>
  eventually(async () => {
    const movements = await movementsOf(admin, product);
    expect(movements).toHaveLength(count);
    return movements;
  });
const stockOf = async ({ id }: Product) => (await admin.ask<Product>('GET', `/products/${id}`)).stock;

/** Looks again and again while something is under way. */
async function watch<T>(work: Promise<T>, look: () => Promise<void>): Promise<T> {
  let isOver = false;
  const done = work.finally(() => (isOver = true));
  while (!isOver) await look();
  return done;
}

describe('the last 10 units', () => {
  it('go to exactly 10 of 200 buyers', async () => {
    const product = await givenProduct(admin, { stock: 10 });
    const buyers = Promise.all(times(200, (i) => buy(users[i % users.length] as Client, product)));
    const seen = new Set<number>();
    const answers = await watch(buyers, async () => {
      seen.add(await stockOf(product));
      for (const { onHand, reserved } of await movementsOf(admin, product))
        expect(reserved >= 0 && reserved <= onHand).toBe(true);
    });
    expect(tally(answers)).toEqual({ '201': 10, '409 OUT_OF_STOCK': 190 });
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(0);
    expect(await stockOf(product)).toBe(0);
    const movements = await movementsOf(admin, product);
    expect(movements.filter(({ reason }) => reason === 'RESERVED')).toHaveLength(10);
    expect(movements.map(({ reserved }) => reserved).sort((a, b) => a - b)).toEqual(times(11, (i) => i));
  });

  it('are said to the others', async () => {
    const product = await givenProduct(admin, { stock: 2 });
    const answer = await buy(users[0] as Client, product, 3);
    expect(answer.body()).toMatchObject({
      code: 'OUT_OF_STOCK',
      available: [{ productId: product.id, requested: 3, available: 2 }],
    });
  });

  it('are not held by an order of which another line is sold out', async () => {
    const [kept, gone] = await Promise.all([
      givenProduct(admin, { stock: 3 }),
      givenProduct(admin, { stock: 0 }),
    ]);
    const items = [kept, gone].map(({ id }) => ({ productId: id, quantity: 1 }));
    const body = { items, paymentMethod: 'SANDBOX' };
    expect((await users[0]?.send('POST', '/orders', { body }))?.outcome).toEqual([409, 'OUT_OF_STOCK']);
    expect(await stockOf(kept)).toBe(3);
  });

  it('are counted once for a product that is there in several lines', async () => {
    const product = await givenProduct(admin, { stock: 3 });
    const items = times(2, () => ({ productId: product.id, quantity: 2 }));
    const body = { items, paymentMethod: 'SANDBOX' };
    expect((await users[0]?.send('POST', '/orders', { body }))?.outcome).toEqual([409, 'OUT_OF_STOCK']);
  });
});

describe('the ledger', () => {
  it('tells the whole way of a unit that is sold', async () => {
    const product = await givenProduct(admin, { stock: 5 });
    await givenPaidOrder(users[0] as Client, product, 2);
    await waitFor<Product>(admin, `/products/${product.id}`, { stock: 3 });
    const movements = await movementsOnce(product, 3);
    expect(
      movements.map(({ reason, quantity, onHand, reserved }) => [reason, quantity, onHand, reserved]),
    ).toEqual(
      expect.arrayContaining([
        ['INITIAL', 5, 5, 0],
        ['RESERVED', -2, 5, 2],
        ['SOLD', -2, 3, 0],
      ]),
    );
  });

  it('gives back what is held when an order is cancelled', async () => {
    const product = await givenProduct(admin, { stock: 5 });
    const user = users[0] as Client;
    const { order } = await givenOrder(user, product, 5);
    expect(await stockOf(product)).toBe(0);
    await user.ask('POST', `/orders/${order.id}/cancel`, {});
    await waitFor<Product>(admin, `/products/${product.id}`, { stock: 5 });
    expect((await movementsOf(admin, product)).map(({ reason }) => reason).sort()).toEqual([
      'INITIAL',
      'RELEASED',
      'RESERVED',
    ]);
  });

  it('keeps its balance while people buy, cancel and staff restock', async () => {
    const product = await givenProduct(admin, { stock: 20 });
    const orders = await Promise.all(
      times(20, (i) => givenOrder(users[i % users.length] as Client, product)),
    );
    await Promise.all([
      ...orders.slice(0, 10).map(({ order }) => admin.ask('POST', `/orders/${order.id}/cancel`, {})),
      ...times(5, () => admin.ask('POST', `/products/${product.id}/restock`, { quantity: 2 })),
    ]);
    await waitFor<Product>(admin, `/products/${product.id}`, { stock: 20 });
    const sum = (await movementsOf(admin, product)).reduce((total, { quantity }) => total + quantity, 0);
    expect(sum).toBe(20);
  });
});

it('is set as it is read, beside what orders hold', async () => {
  const product = await givenProduct(admin, { stock: 5 });
  await givenOrder(users[0] as Client, product, 4);
  const set = async (stock: number) =>
    (await admin.ask<Product>('PATCH', `/products/${product.id}`, { stock })).stock;
  expect(await set(await stockOf(product))).toBe(1);
  expect(await movementsOf(admin, product)).toHaveLength(2);
  for (const stock of [3, 0]) {
    expect(await set(stock)).toBe(stock);
    expect(await stockOf(product)).toBe(stock);
  }
  const adjusted = (await movementsOf(admin, product)).filter(({ reason }) => reason === 'ADJUSTMENT');
  expect(adjusted).toMatchObject([
    { quantity: -3, onHand: 4, reserved: 4 },
    { quantity: 2, onHand: 7, reserved: 4 },
  ]);
});
