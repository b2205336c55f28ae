import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startSystem, type System } from '@order-system/testing/system';
import {
  type Client,
  givenAdmin,
  givenOrder,
  givenProduct,
  givenUser,
  guest,
  PASSWORD,
  type Product,
  settle,
  tally,
  times,
  waitFor,
  waitForOrder,
} from './client.js';
import { expectMoneyBack } from './money-back.js';

const MOST_LOGINS = 10;

// A system of its own: these settings would get in the way of all other tests, and nobody else makes admins here.
let platform: System;
let admin: Client;
let user: Client;
beforeAll(async () => {
  platform = await startSystem({ ORDER_PAYMENT_WINDOW: '2s', AUTH_THROTTLE_LIMIT: String(MOST_LOGINS) });
  admin = await givenAdmin(platform.url);
  user = await givenUser(platform.url);
});
afterAll(() => platform?.stop(), 30_000);

describe('an order that nobody pays in time', () => {
  it('is cancelled by time, and its stock and its payment page are given up', async () => {
    const product = await givenProduct(admin, { stock: 3 });
    const placed = await givenOrder(user, product, 3);
    const order = await waitForOrder(user, placed.order.id, { status: 'CANCELLED' });
    expect(order.history.at(-1)).toMatchObject({ from: 'PENDING', by: null, reason: 'not paid in time' });
    await waitFor<Product>(admin, `/products/${product.id}`, { stock: 3 });
    expect(await expectMoneyBack(user, placed)).toBe(false);
    const again = { body: { paymentMethod: 'SANDBOX' } };
    expect((await user.send('POST', `/orders/${order.id}/payments`, again)).outcome).toEqual([
      409,
      'NOT_PAYABLE',
    ]);
  });

  it('gets its money back when that came too late', async () => {
    const product = await givenProduct(admin, { stock: 10 });
    const orders = await Promise.all(times(10, () => givenOrder(user, product)));
    await Promise.all(
      orders.map(async (placed) => {
        await waitForOrder(user, placed.order.id, { status: 'CANCELLED' });
        await settle(placed);
        await expectMoneyBack(user, placed);
      }),
    );
    await waitFor<Product>(admin, `/products/${product.id}`, { stock: 10 });
  });

  it('is left alone when it was paid', async () => {
    const product = await givenProduct(admin, { stock: 5 });
    const [paid, unpaid] = await Promise.all([givenOrder(user, product), givenOrder(user, product)]);
    await settle(paid);
    await waitForOrder(user, unpaid.order.id, { status: 'CANCELLED' });
    await waitForOrder(user, paid.order.id, { status: 'PROCESSING', paymentStatus: 'PAID' });
  });
});

it('the only admin there is can neither leave nor be made a user', async () => {
  expect((await admin.send('DELETE', '/users/profile')).outcome).toEqual([409, 'LAST_ADMIN']);
  const answer = await admin.send('PATCH', `/users/${admin.userId}/role`, { body: { role: 'user' } });
  expect(answer.outcome).toEqual([409, 'LAST_ADMIN']);
});

it('guessing passwords is limited by address, whatever address the caller claims', async () => {
  const answers = [];
  for (const i of times(MOST_LOGINS + 5, (n) => n))
    answers.push(
      await guest(platform.url).send('POST', '/auth/login', {
        body: { email: `guess-${i}@example.com`, password: PASSWORD },
        headers: { 'x-forwarded-for': `203.0.113.${i}` },
      }),
    );
  expect(Object.keys(tally(answers))).toEqual(['401 INVALID_CREDENTIALS', '429 RATE_LIMITED']);
  expect(Number(answers.at(-1)?.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await user.send('GET', '/users/profile')).status).toBe(200);
});
