import { createHmac, randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { e2e } from '@order-system/testing/e2e';
import {
  type Answer,
  type Client,
  givenAdmin,
  givenOrder,
  givenProduct,
  givenUser,
  guest,
  pay,
  type Payment,
  type Placed,
  type Product,
  tally,
  times,
  waitFor,
  waitForOrder,
} from './client.js';

let admin: Client;
let user: Client;
let product: Product;
beforeAll(async () => {
  [admin, user] = await Promise.all([givenAdmin(), givenUser()]);
  product = await givenProduct(admin);
});

const MINUTE_S = 60;

/** As the built-in provider reports that an order is paid. */
const report = ({ order, payment, paymentUrl }: Placed, changed: object = {}) => ({
  id: randomUUID(),
  type: 'payment.succeeded',
  created: Math.floor(Date.now() / 1000),
  data: {
    sessionId: new URL(paymentUrl ?? '').pathname.split('/').at(-1),
    paymentId: payment?.id,
    orderId: order.id,
    amount: payment?.amount,
    currency: 'USD',
    status: 'PAID',
    ...changed,
  },
});

interface Signing {
  secret?: string;
  ageS?: number;
}

function signatureOf(body: string, { secret = e2e.sandboxWebhookSecret, ageS = 0 }: Signing = {}): string {
  const seconds = Math.floor(Date.now() / 1000) - ageS;
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}

const deliver = (body: string, signature?: string): Promise<Answer> =>
  guest().send('POST', '/payments/webhook/sandbox', {
    raw: body,
    headers: signature === undefined ? {} : { 'sandbox-signature': signature },
  });
const deliverSigned = (body: string, signing?: Signing) => deliver(body, signatureOf(body, signing));

/** What is left of an order that nobody paid. */
async function expectUnpaid({ order, payment }: Placed): Promise<void> {
  // A payment of our own after it: when this one is through, whatever came before it would be, too.
  await pay(user, await givenOrder(user, product));
  expect(await user.ask('GET', `/orders/${order.id}`)).toMatchObject({
    status: 'PENDING',
    paymentStatus: 'PENDING',
  });
  expect(await user.ask('GET', `/payments/${payment?.id}`)).toMatchObject({ status: 'PENDING' });
}

describe('a genuine webhook', () => {
  it('pays once, however often and by whatever id it arrives', async () => {
    const placed = await givenOrder(user, product, 2);
    await pay(user, placed);
    const stock = (await admin.ask<Product>('GET', `/products/${product.id}`)).stock;
    const body = JSON.stringify(report(placed));
    const answers = await Promise.all([
      ...times(20, () => deliverSigned(body)),
      ...times(5, () => deliverSigned(JSON.stringify(report(placed)))),
    ]);
    expect(tally(answers)).toEqual({ '200': 25 });
    const order = await waitForOrder(user, placed.order.id, { status: 'PROCESSING' });
    expect(order.history.map(({ to }) => to)).toEqual(['PENDING', 'PROCESSING']);
    expect(await user.ask('GET', `/payments/${placed.payment?.id}`)).toMatchObject({
      status: 'SUCCEEDED',
      amount: 39.98,
      refunded: 0,
    });
    expect((await admin.ask<Product>('GET', `/products/${product.id}`)).stock).toBe(stock);
  });

  it('that says paid before the provider does only makes us ask the provider', async () => {
    const placed = await givenOrder(user, product);
    expect((await deliverSigned(JSON.stringify(report(placed)))).status).toBe(200);
    await expectUnpaid(placed);
  });

  it('of an unknown type or payment is taken, and changes nothing', async () => {
    const placed = await givenOrder(user, product);
    const unknown = { ...report(placed), type: 'payout.created' };
    expect((await deliverSigned(JSON.stringify(unknown))).status).toBe(200);
    const other = report(placed, { paymentId: randomUUID(), sessionId: randomUUID() });
    expect((await deliverSigned(JSON.stringify(other))).status).toBe(200);
    await expectUnpaid(placed);
  });

  it('with two signatures, of which one is ours, is taken while a secret is replaced', async () => {
    const body = JSON.stringify(report(await givenOrder(user, product)));
    const [time, ours] = signatureOf(body).split(',');
    expect((await deliver(body, `${time},v1=${'0'.repeat(64)},${ours}`)).status).toBe(200);
  });

  it.each([
    ['amount', { amount: 0.01 }],
    ['currency', { currency: 'EUR' }],
    ['amount finer than the currency', { amount: 19.9901 }],
  ])('with another %s pays nothing', async (_, changed) => {
    const placed = await givenOrder(user, product);
    expect((await deliverSigned(JSON.stringify(report(placed, changed)))).status).toBe(200);
    await expectUnpaid(placed);
  });
});

describe('a webhook that is not genuine is refused', () => {
  const cases: [string, (body: string) => Promise<Answer>][] = [
    ['without a signature', (body) => deliver(body)],
    ['with an empty signature', (body) => deliver(body, '')],
    ['signed with another secret', (body) => deliverSigned(body, { secret: 'not the secret' })],
    ['signed with an empty secret', (body) => deliverSigned(body, { secret: '' })],
    ['replayed after 6 minutes', (body) => deliverSigned(body, { ageS: 6 * MINUTE_S })],
    ['from 6 minutes ahead', (body) => deliverSigned(body, { ageS: -6 * MINUTE_S })],
    ['changed by one space', (body) => deliver(body.replace('{', '{ '), signatureOf(body))],
    ['with a changed amount', (body) => deliver(body.replace('19.99', '0.01'), signatureOf(body))],
    ['with a truncated signature', (body) => deliver(body, signatureOf(body).slice(0, -1))],
    ['with two times', (body) => deliver(body, `t=1,${signatureOf(body)}`)],
    ['with a time that is none', (body) => deliver(body, signatureOf(body).replace(/t=\d+/, 't=now'))],
    ['cut short', (body) => deliver(body.slice(0, -1), signatureOf(body))],
    ['signed, but no JSON', () => deliverSigned('pay me')],
    ['signed, but empty', () => deliverSigned('')],
    ['signed, but of another form', () => deliverSigned('{"paid":true}')],
  ];

  it.each(cases)('%s', async (_, send) => {
    const placed = await givenOrder(user, product);
    const answer = await send(JSON.stringify(report(placed)));
    expect(answer.outcome).toEqual([400, 'WEBHOOK_NOT_GENUINE']);
    await expectUnpaid(placed);
  });

  it.each(['stripe', 'paypal'])('for %s, which is not set up', async (provider) => {
    const answer = await guest().send('POST', `/payments/webhook/${provider}`, { body: { id: 'evt_1' } });
    expect(answer.outcome).toEqual([400, 'WEBHOOK_NOT_GENUINE']);
  });

  it('for an unknown provider: there is no such address', async () => {
    const answer = await guest().send('POST', '/payments/webhook/bank', { body: {} });
    expect(answer.status).toBe(404);
  });

  it('of 2 MB', async () => {
    expect((await deliverSigned(`{"x":"${'x'.repeat(2_000_000)}"}`)).outcome).toEqual([
      413,
      'PAYLOAD_TOO_LARGE',
    ]);
  });
});

it('a payment page opens only with its secret, and settles once', async () => {
  const placed = await givenOrder(user, product);
  const url = placed.paymentUrl ?? '';
  const wrong = url.replace(/secret=.{8}/, 'secret=00000000');
  expect((await guest().send('GET', wrong)).status).toBe(404);
  expect((await guest().send('POST', wrong, { body: { outcome: 'pay' } })).outcome).toEqual([
    404,
    'NOT_FOUND',
  ]);
  const answers = await Promise.all(
    times(10, (i) => guest().send('POST', url, { body: { outcome: i % 2 ? 'pay' : 'decline' } })),
  );
  expect(tally(answers)).toEqual({ '200': 10 });
  const outcomes = new Set(answers.map((answer) => answer.data<{ status: string }>().status));
  expect(outcomes.size).toBe(1);
  const status = outcomes.has('PAID') ? 'SUCCEEDED' : 'FAILED';
  await waitFor<Payment>(user, `/payments/${placed.payment?.id}`, { status });
});
