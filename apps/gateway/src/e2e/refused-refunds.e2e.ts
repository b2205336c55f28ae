import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { WireOutput } from '@order-system/contracts/define';
import type { ListDeadLetters, RedriveDeadLetter } from '@order-system/contracts/events.contracts';
import { eventually } from '@order-system/messaging/testing/eventually';
import { startSystem, type System } from '@order-system/testing/system';
import pg from 'pg';
import {
  type Client,
  givenAdmin,
  givenPaidOrder,
  givenProduct,
  givenUser,
  type Order,
  type Payment,
  type Product,
  waitFor,
  waitForOrder,
} from './client.js';

type Letter = WireOutput<typeof ListDeadLetters>['items'][number];

const PATIENCE_MS = 20_000;

// A system of its own: its dead letters are counted, and its provider refuses on demand.
let platform: System;
let database: pg.Pool;
let admin: Client;
let user: Client;
let product: Product;
let order: Order;
beforeAll(async () => {
  platform = await startSystem({ DEMO_DATA: 'false' });
  database = new pg.Pool({ connectionString: platform.databaseUrl, max: 1 });
  admin = await givenAdmin(platform.url);
  user = await givenUser(platform.url);
  product = await givenProduct(admin, { stock: 100 });
});
beforeEach(async () => {
  order = await givenPaidOrder(user, product);
});
afterAll(async () => {
  await database?.end();
  await platform?.stop();
});

const paymentId = () => order.payment?.id ?? '';
/** In the sandbox's ledger: it gives nothing back of what was not paid. */
const mark = (status: 'PAID' | 'EXPIRED') =>
  database.query('UPDATE payments.sandbox_session SET status = $2 WHERE payment_id = $1', [
    paymentId(),
    status,
  ]);
const refuse = () => mark('EXPIRED');
const relent = () => mark('PAID');
const givenBack = async (): Promise<string[]> => {
  const { rows } = await database.query<{ amount: string }>(
    `SELECT r.amount FROM payments.sandbox_refund r JOIN payments.sandbox_session s ON s.id = r.session_id
     WHERE s.payment_id = $1 AND r.amount > 0 ORDER BY r.created_at`,
    [paymentId()],
  );
  return rows.map(({ amount }) => amount);
};
const cancel = () => admin.ask('POST', `/orders/${order.id}/cancel`, {});
const refund = (amount?: number) =>
  admin.send('POST', `/payments/${paymentId()}/refund`, { body: { amount } });
const lettersOf = async (): Promise<Letter[]> => {
  const letters = await admin.ask<Letter[]>(
    'GET',
    '/events/dead-letters?limit=100&consumer=payments.refunds',
  );
  return letters.filter(({ message }) => JSON.stringify(message).includes(paymentId()));
};
/** The one about this order's payment, once it is there. */
const theLetter = (): Promise<Letter> =>
  eventually(async () => {
    const letters = await lettersOf();
    expect(letters).toHaveLength(1);
    return letters[0]!;
  }, PATIENCE_MS);
const redrive = ({ id }: Letter): Promise<WireOutput<typeof RedriveDeadLetter>> =>
  admin.ask('POST', `/events/dead-letters/${id}/redrive`);
const refunded = (amount: number) => waitFor<Payment>(user, `/payments/${paymentId()}`, { refunded: amount });

it('is a dead letter, and goes back once when it is redriven and its provider has relented', async () => {
  await refuse();
  await cancel();
  const first = await theLetter();
  expect(first).toMatchObject({
    attempts: 1,
    error: 'The provider refused: it is more than what is left',
    message: {
      type: 'payment.refund-refused',
      aggregate: { type: 'payment', id: paymentId() },
      data: { orderId: order.id, amount: 19.99, currency: 'USD', reason: 'The order was cancelled' },
    },
  });
  expect(await admin.ask('GET', '/events/health')).toMatchObject({ status: 'degraded' });
  expect(await user.ask('GET', `/orders/${order.id}`)).toMatchObject({
    status: 'CANCELLED',
    paymentStatus: 'PAID',
  });

  expect(await redrive(first)).toMatchObject({ outcome: 'consumed' });
  const second = await eventually(async () => {
    const letter = await theLetter();
    expect(letter.id).not.toBe(first.id);
    return letter;
  }, PATIENCE_MS);
  expect(await givenBack()).toEqual([]);

  await relent();
  expect(await redrive(second)).toMatchObject({ outcome: 'consumed' });
  await waitForOrder(user, order.id, { status: 'CANCELLED', paymentStatus: 'REFUNDED' });
  await refunded(19.99);
  expect(await givenBack()).toEqual(['1999']);
  expect(await lettersOf()).toEqual([]);
  const again = await admin.send('POST', `/events/dead-letters/${second.id}/redrive`);
  expect(again.outcome).toEqual([404, 'NOT_FOUND']);
});

it.each([
  ['a part', 5, ['500', '1499']],
  ['all', undefined, ['1999']],
] as const)('does not go back again where staff gave back %s by hand', async (_, amount, parts) => {
  await refuse();
  await cancel();
  const letter = await theLetter();
  await relent();
  expect((await refund(amount)).status).toBe(200);
  expect(await redrive(letter)).toMatchObject({ outcome: 'consumed' });
  await waitForOrder(user, order.id, { paymentStatus: 'REFUNDED' });
  await refunded(19.99);
  expect(await givenBack()).toEqual(parts);
  expect(await lettersOf()).toEqual([]);
});

it('is answered, not a dead letter, when staff have asked for it', async () => {
  await refuse();
  expect((await refund(5)).outcome).toEqual([409, 'REFUND_REFUSED']);
  expect(await lettersOf()).toEqual([]);

  await cancel();
  const letter = await theLetter();
  expect((await refund(5)).outcome).toEqual([409, 'REFUND_REFUSED']);
  await relent();
  expect((await refund(5)).status).toBe(200);
  expect(await lettersOf()).toMatchObject([{ id: letter.id }]);
});

it('is up to staff when its letter is dropped', async () => {
  await refuse();
  await cancel();
  const { id } = await theLetter();
  expect((await admin.send('DELETE', `/events/dead-letters/${id}`)).status).toBe(204);
  await relent();
  expect(await lettersOf()).toEqual([]);
  expect((await refund()).data()).toMatchObject({ status: 'REFUNDED' });
  expect(await givenBack()).toEqual(['1999']);
});
