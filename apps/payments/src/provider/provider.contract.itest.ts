import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { linkOf, SECRET, startPayments } from '../payment/payment.fixture.js';
import type { ProviderAnswer } from '../payment/payment.rules.js';
import { sign } from '../webhook/signature.js';
import type { PaymentProvider, StartRequest, WebhookRequest } from './payment-provider.js';

/** What the suite has to be able to do with a provider, or with a stand-in of one that behaves as documented. */
interface Bench {
  provider: PaymentProvider;
  /** The customer pays or declines what `start` answered. */
  customer(answer: ProviderAnswer, does: 'pay' | 'decline'): Promise<void>;
  /** The webhook that the provider has sent about it, signed as now. */
  webhookAbout(request: StartRequest): Promise<WebhookRequest>;
  methods: { good: string; declined: string };
  close(): Promise<void>;
}

const benches: { name: string; open: () => Promise<Bench> }[] = [{ name: 'SANDBOX', open: openSandbox }];

async function openSandbox(): Promise<Bench> {
  const kit = await startPayments();
  kit.gateway.isDown = true; // Nobody listens: the suite looks at webhooks itself.
  return {
    provider: kit.sandbox,
    customer: async (answer, does) => {
      const paymentUrl = answer.state === 'open' ? answer.paymentUrl : undefined;
      const link = linkOf({ paymentUrl } as Parameters<typeof linkOf>[0]);
      await kit.settle({ paymentUrl } as Parameters<typeof kit.settle>[0], does);
      expect(link.id).not.toBe('');
    },
    webhookAbout: async ({ paymentId }) => {
      const [row] = await kit.db.query<{ body: string }>(
        sql`SELECT body FROM payments.sandbox_webhook WHERE body::jsonb #>> '{data,paymentId}' = ${paymentId}`,
      );
      const body = Buffer.from(row?.body ?? '');
      return { headers: { 'sandbox-signature': sign(body, SECRET, new Date()) }, body };
    },
    methods: { good: 'pm_sandbox_ok', declined: 'pm_sandbox_declined' },
    close: () => kit.close(),
  };
}

describe.each(benches)('the provider $name', ({ open }) => {
  let bench: Bench;
  let provider: PaymentProvider;
  beforeAll(async () => {
    bench = await open();
    provider = bench.provider;
  });
  afterAll(() => bench.close());

  const aRequest = (more: Partial<StartRequest> = {}): StartRequest => ({
    paymentId: newId(),
    orderId: newId(),
    amount: 1999,
    currency: 'USD',
    flow: 'FRONTEND',
    methodId: null,
    ...more,
  });
  const refOf = (answer: ProviderAnswer) => ('ref' in answer ? answer.ref : null);
  const givenCaptured = async () => {
    const request = aRequest();
    const answer = await provider.start(request);
    await bench.customer(answer, 'pay');
    return { request, attempt: { paymentId: request.paymentId, providerRef: refOf(answer) } };
  };

  it('opens one attempt per key, with a way to pay it', async () => {
    const request = aRequest();
    const [first, second] = await Promise.all([provider.start(request), provider.start(request)]);
    expect(first).toMatchObject({ state: 'open' });
    expect(first.state === 'open' && (first.paymentUrl ?? first.clientSecret)).toBeTruthy();
    expect(second).toEqual(first);
  });

  it('does not decide on a key that was used for another amount', async () => {
    const request = aRequest();
    await provider.start(request);
    expect(await provider.start({ ...request, amount: 1 })).toMatchObject({ state: 'unknown' });
  });

  it('tells what was captured, and for which payment', async () => {
    const { request, attempt } = await givenCaptured();
    const captured = { state: 'captured', paymentId: request.paymentId, amount: 1999, currency: 'USD' };
    expect(await provider.lookUp(attempt)).toMatchObject(captured);
    expect(await provider.lookUp({ ...attempt, providerRef: null })).toMatchObject(captured);
  });

  it('tells what was declined', async () => {
    const request = aRequest();
    const answer = await provider.start(request);
    await bench.customer(answer, 'decline');
    expect(await provider.lookUp({ paymentId: request.paymentId, providerRef: refOf(answer) })).toMatchObject(
      {
        state: 'failed',
      },
    );
  });

  it('does not know what was never started', async () => {
    expect(await provider.lookUp({ paymentId: newId(), providerRef: null })).toEqual({ state: 'missing' });
    expect(await provider.cancel({ paymentId: newId(), providerRef: null })).toEqual({ state: 'missing' });
  });

  it('charges a good method once per key, and refuses a bad one', async () => {
    const good = aRequest({ flow: 'BACKEND', methodId: bench.methods.good });
    const answers = await Promise.all([provider.start(good), provider.start(good)]);
    for (const answer of answers) expect(answer).toMatchObject({ state: 'captured', amount: 1999 });
    const bad = aRequest({ flow: 'BACKEND', methodId: bench.methods.declined });
    expect(await provider.start(bad)).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/\S/),
    });
  });

  it('ends an open attempt, by its name or by ours, and keeps what was captured', async () => {
    for (const withRef of [true, false]) {
      const request = aRequest();
      const answer = await provider.start(request);
      const attempt = { paymentId: request.paymentId, providerRef: withRef ? refOf(answer) : null };
      expect(await provider.cancel(attempt)).toMatchObject({ state: 'cancelled' });
      expect(await provider.lookUp(attempt)).toMatchObject({ state: 'cancelled' });
    }
    expect(await provider.cancel((await givenCaptured()).attempt)).toMatchObject({ state: 'captured' });
  });

  it('gives money back once per key and never too much', async () => {
    const { attempt } = await givenCaptured();
    const refund = { ...attempt, refundId: randomUUID(), amount: 1500, currency: 'USD', reason: null };
    const twice = await Promise.all([provider.refund(refund), provider.refund(refund)]);
    for (const answer of twice) expect(answer).toMatchObject({ state: 'refunded' });
    expect(await provider.refund({ ...refund, refundId: randomUUID() })).toMatchObject({ state: 'refused' });
    expect(await provider.refund({ ...refund, refundId: randomUUID(), amount: 499 })).toMatchObject({
      state: 'refunded',
    });
  });

  it('signs its webhooks, which name the payment and what was paid', async () => {
    const { request, attempt } = await givenCaptured();
    const webhook = await bench.webhookAbout(request);
    expect(await provider.isGenuine(webhook)).toBe(true);
    const text = Buffer.from(webhook.body).toString();
    expect(provider.parseWebhook(text)?.about).toEqual({
      ...attempt,
      claim: { succeeded: true, amount: 1999, currency: 'USD' },
    });
    expect(await provider.isGenuine({ ...webhook, body: Buffer.from(`${text} `) })).toBe(false);
    expect(await provider.isGenuine({ ...webhook, headers: {} })).toBe(false);
    expect(provider.parseWebhook('nonsense')).toBeUndefined();
  });
});
