import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { systemContext } from '@order-system/messaging/context';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { Providers } from '../provider/providers.js';
import {
  type PaymentsKit,
  type Started,
  aStart,
  eventsOf,
  linkOf,
  paymentOf,
  startPayments,
  user,
} from './payment.fixture.js';
import { StartPayment } from './start-payment.js';

let kit: PaymentsKit;
beforeAll(async () => {
  kit = await startPayments();
});
afterAll(() => kit.close());
afterEach(() => void (kit.gateway.isDown = false));

const quoteOf = (orderId: string) => aStart({ orderId, ifLive: 'KEEP' });
const askFor = (orderId: string, userId: string) => aStart({ orderId, userId, ifLive: 'SHARE' });
const liveOf = (orderId: string) =>
  kit.db.query<{ id: string }>(sql`
    SELECT id FROM payments.payment WHERE order_id = ${orderId} AND status IN ('REQUESTED', 'PENDING')`);

/** Who started it: the system's is told by mail. */
const starterOf = async (paymentId: string) => {
  const [row] = await kit.db.query<{ role: string }>(sql`
    SELECT actor ->> 'role' AS role FROM events.event WHERE aggregate_id = ${paymentId} AND type = 'payment.started'`);
  return row?.role;
};

/** Its webhook is on its way until the end of the test. */
const settleUnheard = async (started: Started, outcome: 'pay' | 'decline') => {
  kit.gateway.isDown = true;
  await kit.settle(started, outcome);
};

describe('a quote and its customer, both at once,', () => {
  it('get one attempt with a link that can be paid, every time', async () => {
    const rounds = Array.from({ length: 40 }, async (_, index) => {
      const orderId = newId();
      const quote = quoteOf(orderId);
      const asked = askFor(orderId, quote.userId);
      const starts = [
        () => kit.starting.execute(quote, systemContext()),
        () => kit.starting.execute(asked, user(asked.userId)),
      ];
      const [first, second] = await Promise.all(
        (index % 2 ? starts : starts.reverse()).map((start) => start()),
      );
      expect(first?.paymentUrl).toBeDefined();
      expect(second).toEqual(first);
      expect(await liveOf(orderId)).toEqual([{ id: first?.payment.id }]);
      if (first?.payment.id === quote.paymentId) expect(await starterOf(quote.paymentId)).toBe('system');
      await expect(kit.settle(first!, 'pay')).resolves.toMatchObject({ status: 'PAID' });
    });
    await Promise.all(rounds);
  });

  it('keep what the customer was given, however late the quote comes', async () => {
    const asked = aStart({ ifLive: 'SHARE' });
    const given = await kit.starting.execute(asked, user(asked.userId));
    const quote = quoteOf(asked.orderId);
    expect(await kit.starting.execute(quote, systemContext())).toEqual(given);
    await expect(paymentOf(kit.db, quote.paymentId)).rejects.toThrow('no payment');
  });

  it('keep the link of the mail, however late the customer asks', async () => {
    const quote = quoteOf(newId());
    const mailed = await kit.starting.execute(quote, systemContext());
    expect(await kit.starting.execute(askFor(quote.orderId, quote.userId), user(quote.userId))).toEqual(
      mailed,
    );
    expect(await eventsOf(kit.db, quote.paymentId)).toEqual(['payment.started']);
  });
});

describe('an attempt that is asked for while another one is live', () => {
  it.each([
    ['a card', { flow: 'BACKEND', paymentMethodId: 'pm_sandbox_ok' }, 'SUCCEEDED'],
    ['another amount', { amount: 5 }, 'PENDING'],
  ] as const)('takes its place when it is for %s', async (_, other, status) => {
    const quote = quoteOf(newId());
    await kit.starting.execute(quote, systemContext());
    const asked = { ...askFor(quote.orderId, quote.userId), ...other };
    const { payment } = await kit.starting.execute(asked, user(quote.userId));
    expect(payment).toMatchObject({ id: asked.paymentId, status });
    expect((await paymentOf(kit.db, quote.paymentId)).status).toBe('CANCELLED');
  });

  it('is a new one when that one was declined and its webhook is still to come', async () => {
    const quote = quoteOf(newId());
    const mailed = await kit.starting.execute(quote, systemContext());
    await settleUnheard(mailed, 'decline');
    const asked = askFor(quote.orderId, quote.userId);
    const given = await kit.starting.execute(asked, user(quote.userId));
    expect(given.payment).toMatchObject({ id: asked.paymentId, status: 'PENDING' });
    expect(linkOf(given)).not.toEqual(linkOf(mailed));
    expect(await eventsOf(kit.db, quote.paymentId)).toEqual(['payment.started', 'payment.failed']);
  });

  it('is refused when that one was paid and its webhook is still to come', async () => {
    const quote = quoteOf(newId());
    const mailed = await kit.starting.execute(quote, systemContext());
    await settleUnheard(mailed, 'pay');
    await expect(
      kit.starting.execute(askFor(quote.orderId, quote.userId), user(quote.userId)),
    ).rejects.toMatchObject({ code: 'ALREADY_PAID' });
  });

  it('shares what a process left behind that died before it heard from the provider', async () => {
    const quote = quoteOf(newId());
    const silent = {
      ...kit.sandbox,
      name: 'SANDBOX',
      start: () => Promise.reject(new Error('cut off')),
    } as const;
    await new StartPayment(kit.db, new Providers([silent as never])).execute(quote, systemContext());
    const given = await kit.starting.execute(askFor(quote.orderId, quote.userId), user(quote.userId));
    expect(given.payment).toMatchObject({ id: quote.paymentId, status: 'PENDING' });
    expect(given.paymentUrl).toBeDefined();
    expect(await starterOf(quote.paymentId)).toBe('system');
  });
});
