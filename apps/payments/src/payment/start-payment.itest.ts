import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@order-system/messaging/testing/eventually';
import { GUEST } from '@order-system/contracts/primitives';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import type { PaymentProvider } from '../provider/payment-provider.js';
import { Providers } from '../provider/providers.js';
import {
  type PaymentsKit,
  aStart,
  admin,
  eventsOf,
  givenPaid,
  paymentOf,
  startPayments,
  user,
} from './payment.fixture.js';
import { getPayment } from './payment.read.js';
import { insertAttempt } from './payment.store.js';
import { StartPayment } from './start-payment.js';

let kit: PaymentsKit;
beforeAll(async () => {
  kit = await startPayments();
});
afterAll(() => kit.close());

const sessionsOf = async (orderId: string) =>
  (
    await kit.db.query<{ status: string }>(
      sql`SELECT status FROM payments.sandbox_session WHERE order_id = ${orderId} ORDER BY created_at`,
    )
  ).map((row) => row.status);

/** The sandbox, with its answer to `start` lost on the way. */
const losingAnswers = (): PaymentProvider => ({
  name: 'SANDBOX',
  start: async (request) => {
    await kit.sandbox.start(request);
    throw new Error('socket hang up');
  },
  lookUp: (attempt) => kit.sandbox.lookUp(attempt),
  cancel: (attempt) => kit.sandbox.cancel(attempt),
  refund: (request) => kit.sandbox.refund(request),
  isGenuine: (webhook) => kit.sandbox.isGenuine(webhook),
  parseWebhook: (body) => kit.sandbox.parseWebhook(body),
});

describe('starting a payment', () => {
  it('answers with a link, once, however often the same one is started', async () => {
    const input = aStart();
    const answers = await Promise.all(Array.from({ length: 10 }, () => kit.starting.execute(input, user())));
    const links = new Set(answers.map((answer) => answer.paymentUrl));
    expect(links.size).toBe(1);
    expect([...links][0]).toMatch(/^http:\/\/shop\/api\/payments\/sandbox\/[0-9a-f-]{36}\?secret=[\w-]{32}$/);
    expect(answers.every(({ payment }) => payment.status === 'PENDING')).toBe(true);
    expect(await sessionsOf(input.orderId)).toEqual(['OPEN']);
    expect(await eventsOf(kit.db, input.paymentId)).toEqual(['payment.started']);
    expect((await kit.starting.execute(input, user())).paymentUrl).toBe([...links][0]);
  });

  it('refuses the same id for another amount', async () => {
    const input = aStart();
    await kit.starting.execute(input, user());
    await expect(kit.starting.execute({ ...input, amount: 1 }, user())).rejects.toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED',
    });
  });

  it('refuses the same id for another card', async () => {
    const input = aStart({ flow: 'BACKEND', paymentMethodId: 'pm_sandbox_declined' });
    await kit.starting.execute(input, user());
    const other = { ...input, paymentMethodId: 'pm_sandbox_ok' };
    await expect(kit.starting.execute(other, user())).rejects.toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED',
    });
  });

  it('refuses a method that is not set up, and keeps nothing of it', async () => {
    const input = aStart({ method: 'paypal' });
    await expect(kit.starting.execute(input, user())).rejects.toMatchObject({
      code: 'PAYMENT_METHOD_UNAVAILABLE',
    });
    await expect(paymentOf(kit.db, input.paymentId)).rejects.toThrow('no payment');
  });

  it('leaves one live attempt of an order, whatever is started at once', async () => {
    const orderId = newId();
    const inputs = Array.from({ length: 8 }, () => aStart({ orderId }));
    const results = await Promise.allSettled(inputs.map((input) => kit.starting.execute(input, user())));
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'STALE_WRITE' });
    await kit.runJobs();
    expect((await sessionsOf(orderId)).filter((status) => status === 'OPEN')).toHaveLength(1);
    const live = await kit.db.query(sql`
      SELECT 1 FROM payments.payment WHERE order_id = ${orderId} AND status IN ('REQUESTED', 'PENDING')`);
    expect(live).toHaveLength(1);
  });

  it('ends the earlier attempt, at the provider too', async () => {
    const [first, second] = [aStart(), aStart()];
    const started = await kit.starting.execute(first, user());
    await kit.starting.execute({ ...second, orderId: first.orderId }, user());
    expect((await paymentOf(kit.db, first.paymentId)).status).toBe('CANCELLED');
    await kit.runJobs();
    expect(await sessionsOf(first.orderId)).toEqual(['EXPIRED', 'OPEN']);
    expect(await kit.settle(started, 'pay')).toMatchObject({ status: 'EXPIRED' });
    expect((await paymentOf(kit.db, first.paymentId)).check_at).toBeNull();
    expect((await kit.starting.execute(first, user())).paymentUrl).toBeUndefined();
  });

  it('refuses an order that is paid, whose money went back, or that is closed', async () => {
    const { payment } = await givenPaid(kit);
    const again = () => kit.starting.execute(aStart({ orderId: payment.orderId }), user());
    await expect(again()).rejects.toMatchObject({ code: 'ALREADY_PAID' });
    await kit.refunding.execute({ id: payment.id }, admin());
    await expect(again()).rejects.toMatchObject({ code: 'ALREADY_PAID' });
    const orderId = newId();
    await kit.cancelOrder(orderId);
    await expect(kit.starting.execute(aStart({ orderId }), user())).rejects.toMatchObject({
      code: 'NOT_PAYABLE',
    });
  });
});

describe('a start that was interrupted', () => {
  it('before the call is finished by the same start', async () => {
    const input = aStart();
    await insertAttempt(
      kit.db,
      {
        id: input.paymentId,
        order_id: input.orderId,
        user_id: input.userId,
        provider: 'SANDBOX',
        flow: 'FRONTEND',
        amount: input.amount,
        currency: 'USD',
        method_id: null,
        correlation_id: 'c1',
      },
      'END',
    );
    expect((await kit.starting.execute(input, user())).paymentUrl).toBeDefined();
  });

  it('after the call is finished by the job, under the same key', async () => {
    const input = aStart();
    const starting = new StartPayment(kit.db, new Providers([losingAnswers()]));
    expect(await starting.execute(input, user())).toMatchObject({ payment: { status: 'REQUESTED' } });
    await kit.db.execute(
      sql`UPDATE payments.payment SET check_at = now() - interval '1 second' WHERE id = ${input.paymentId}`,
    );
    await kit.runJobs();
    expect(await paymentOf(kit.db, input.paymentId)).toMatchObject({ status: 'PENDING', version: 1 });
    expect(await sessionsOf(input.orderId)).toEqual(['OPEN']);
  });

  it('is answered although the provider hangs, and finished by the job', async () => {
    const input = aStart();
    const hanging = { ...losingAnswers(), start: () => new Promise<never>(() => undefined) };
    const starting = new StartPayment(kit.db, new Providers([hanging], 10));
    expect(await starting.execute(input, user())).toMatchObject({ payment: { status: 'REQUESTED' } });
    await kit.db.execute(
      sql`UPDATE payments.payment SET check_at = now() - interval '1 second' WHERE id = ${input.paymentId}`,
    );
    await kit.runJobs();
    expect((await paymentOf(kit.db, input.paymentId)).status).toBe('PENDING');
  });

  it('is not tried anew while nobody knows whether it was charged', async () => {
    const first = aStart({ flow: 'BACKEND', paymentMethodId: 'pm_sandbox_ok' });
    const second = { ...first, paymentId: newId() };
    kit.gateway.isDown = true; // Or the webhook would tell.
    try {
      await new StartPayment(kit.db, new Providers([losingAnswers()])).execute(first, user());
      await expect(kit.starting.execute(second, user())).rejects.toMatchObject({ code: 'STALE_WRITE' });
      await kit.db.execute(
        sql`UPDATE payments.payment SET check_at = now() - interval '1 second' WHERE id = ${first.paymentId}`,
      );
      await kit.runJobs();
    } finally {
      kit.gateway.isDown = false;
    }
    expect((await paymentOf(kit.db, first.paymentId)).status).toBe('SUCCEEDED');
    await expect(kit.starting.execute(second, user())).rejects.toMatchObject({ code: 'ALREADY_PAID' });
    expect(await sessionsOf(first.orderId)).toEqual(['PAID']);
  });

  it('is not started by the job once the provider may have forgotten its key: it would be another charge', async () => {
    const input = aStart();
    const neverReached = { ...losingAnswers(), start: () => Promise.reject(new Error('no route')) };
    await new StartPayment(kit.db, new Providers([neverReached])).execute(input, user());
    await kit.db.execute(sql`
      UPDATE payments.payment SET check_at = now() - interval '1 second', created_at = now() - interval '1 day' WHERE id = ${input.paymentId}`);
    await kit.runJobs();
    expect(await sessionsOf(input.orderId)).toEqual([]);
    expect((await paymentOf(kit.db, input.paymentId)).status).toBe('FAILED');
  });

  it('is looked for, when its order was cancelled meanwhile, until it cannot reach the provider any more', async () => {
    const input = aStart();
    const neverReached = { ...losingAnswers(), start: () => Promise.reject(new Error('no route')) };
    await new StartPayment(kit.db, new Providers([neverReached])).execute(input, user());
    await kit.cancelOrder(input.orderId);
    await kit.runJobs();
    expect((await paymentOf(kit.db, input.paymentId)).check_at).not.toBeNull();
    await kit.db.execute(sql`
      UPDATE payments.payment SET check_at = now() - interval '1 second', created_at = now() - interval '11 minutes' WHERE id = ${input.paymentId}`);
    await kit.runJobs();
    expect(await paymentOf(kit.db, input.paymentId)).toMatchObject({ status: 'CANCELLED', check_at: null });
  });

  it('is ended at the provider when its order is cancelled meanwhile', async () => {
    const input = aStart();
    await new StartPayment(kit.db, new Providers([losingAnswers()])).execute(input, user());
    await kit.cancelOrder(input.orderId);
    await kit.runJobs();
    expect(await sessionsOf(input.orderId)).toEqual(['EXPIRED']);
    expect((await paymentOf(kit.db, input.paymentId)).status).toBe('CANCELLED');
  });
});

it('that opened while its order was closed is given up by the next job', async () => {
  const input = aStart();
  const closing: PaymentProvider = {
    ...losingAnswers(),
    start: async (request) => {
      await kit.db.execute(sql`INSERT INTO payments.closed_order (order_id) VALUES (${input.orderId})`);
      return kit.sandbox.start(request);
    },
  };
  const { payment } = await new StartPayment(kit.db, new Providers([closing])).execute(input, user());
  expect(payment.status).toBe('PENDING');
  await kit.runJobs();
  expect(await sessionsOf(input.orderId)).toEqual(['EXPIRED']);
  expect(await paymentOf(kit.db, input.paymentId)).toMatchObject({ status: 'CANCELLED', check_at: null });
});

describe('charging at once', () => {
  const charge = (paymentMethodId: string) => aStart({ flow: 'BACKEND', paymentMethodId });

  it('answers with a receipt', async () => {
    const input = charge('pm_sandbox_ok');
    const answers = await Promise.all([1, 2, 3].map(() => kit.starting.execute(input, user())));
    for (const { payment } of answers)
      expect(payment).toMatchObject({ status: 'SUCCEEDED', receipt: expect.stringMatching(/^sandbox_/) });
    expect(await eventsOf(kit.db, input.paymentId)).toEqual(['payment.started', 'payment.succeeded']);
  });

  it.each([
    ['pm_sandbox_declined', 'The card was declined.'],
    ['pm_card_visa', 'The card is not known.'],
    ['constructor', 'The card is not known.'],
    ['__proto__', 'The card is not known.'],
  ])('fails with %s: %s', async (method, message) => {
    const input = charge(method);
    const { payment } = await kit.starting.execute(input, user());
    expect(payment).toMatchObject({ status: 'FAILED', message, receipt: null });
    expect(await eventsOf(kit.db, input.paymentId)).toEqual(['payment.started', 'payment.failed']);
  });

  it('may be tried again after it failed, later than it by every clock', async () => {
    const input = charge('pm_sandbox_declined');
    const { payment: failed } = await kit.starting.execute(input, user());
    const [told] = await kit.db.query<{ at: string }>(sql`
      SELECT data ->> 'startedAt' AS at FROM events.event
      WHERE aggregate_id = ${failed.id} AND type = 'payment.failed'`);
    expect(told?.at).toBe(failed.createdAt.toISOString());
    await kit.db.execute(sql`
      UPDATE payments.payment SET created_at = created_at + interval '1 hour' WHERE id = ${failed.id}`);
    const again = { ...charge('pm_sandbox_ok'), orderId: input.orderId };
    const { payment } = await kit.starting.execute(again, user());
    expect(payment.status).toBe('SUCCEEDED');
    expect(payment.createdAt.getTime()).toBe(failed.createdAt.getTime() + 3_600_001);
  });
});

it('is seen by its owner and by admins, and by nobody else', async () => {
  const input = aStart();
  await kit.starting.execute(input, user(input.userId));
  const get = (ctx: Parameters<typeof getPayment>[2]) => getPayment(kit.db, input.paymentId, ctx);
  await expect(get(user(input.userId))).resolves.toMatchObject({ id: input.paymentId, amount: 1999 });
  await expect(get(admin())).resolves.toMatchObject({ id: input.paymentId });
  await expect(get(user())).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(get({ ...user(), actor: GUEST })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  await expect(getPayment(kit.db, newId(), admin())).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

it('is told in the flow of the request that started it', async () => {
  const ctx = { ...user(), correlationId: 'flow-of-the-order' };
  const started = await kit.starting.execute(aStart(), ctx);
  await kit.settle(started, 'pay');
  await eventually(async () => expect((await eventsOf(kit.db, started.payment.id)).length).toBe(2));
  const flows = await kit.db.query(
    sql`SELECT DISTINCT correlation_id FROM events.event WHERE aggregate_id = ${started.payment.id}`,
  );
  expect(flows).toEqual([{ correlation_id: 'flow-of-the-order' }]);
});
