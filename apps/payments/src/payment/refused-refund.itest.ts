import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { deliver, readMessage } from '@order-system/messaging/deliver';
import { eventually } from '@order-system/messaging/testing/eventually';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import fc from 'fast-check';
import type { RefundAnswer, RefundRequest } from '../provider/payment-provider.js';
import { refusedRefunds } from './payment.consumer.js';
import {
  type PaymentsKit,
  aStart,
  admin,
  eventsOf,
  givenPaid,
  paymentOf,
  refundsOf,
  startPayments,
  user,
} from './payment.fixture.js';
import { requestRefund } from './refund-payment.js';

/** What the provider does with a refund, and whether its answer arrives. */
type Mood = 'pays' | 'refuses' | 'pays, unheard' | 'refuses, unheard' | 'is away';

let kit: PaymentsKit;
let mood: Mood = 'pays';
beforeAll(async () => {
  kit = await startPayments();
  moody();
});
afterEach(() => void (mood = 'pays'));
afterAll(() => kit.close());

/** As providers do, it gives each key for ever the answer that it gave first. */
function moody(): void {
  const pay = kit.sandbox.refund.bind(kit.sandbox);
  const refused = new Set<string>();
  const decide = (request: RefundRequest): Promise<RefundAnswer> => {
    if (mood.startsWith('refuses')) refused.add(request.refundId);
    const refusal = { state: 'refused', reason: 'the account is closed' } as const;
    return refused.has(request.refundId) ? Promise.resolve(refusal) : pay(request);
  };
  kit.sandbox.refund = async (request) => {
    const answer: RefundAnswer =
      mood === 'is away' ? { state: 'unknown', reason: 'status 429' } : await decideOnce(request);
    return mood.endsWith('unheard') ? { state: 'unknown', reason: 'socket hang up' } : answer;
  };
  const first = new Map<string, RefundAnswer>();
  const decideOnce = async (request: RefundRequest) => {
    const answer = first.get(request.refundId) ?? (await decide(request));
    first.set(request.refundId, answer);
    return answer;
  };
}

interface Letter {
  id: string;
  message: object;
  error: string;
  attempts: number;
}

/** Those that nobody has redriven or dropped. */
const lettersOf = (paymentId: string): Promise<Letter[]> =>
  kit.db.query(sql`
    SELECT d.id, d.message, d.error, d.attempts FROM events.dead_letter d
    WHERE d.consumer = 'payments.refunds' AND d.message #>> '{aggregate,id}' = ${paymentId}
      AND NOT EXISTS (SELECT FROM events.inbox i WHERE i.event_id = d.event_id AND i.consumer = d.consumer)`);
const redrive = ({ message }: Letter) => deliver(kit.db, refusedRefunds, readMessage(message));
const redriveAll = async (paymentId: string) => {
  for (const letter of await lettersOf(paymentId)) await redrive(letter).catch(() => undefined);
};
/** Asks for every refund whose outcome is not known. */
const runDue = async () => {
  await kit.db.execute(
    sql`UPDATE payments.refund SET next_at = now() - interval '1 second' WHERE status = 'REQUESTED'`,
  );
  await kit.runJobs();
};
const givenBack = async (paymentId: string): Promise<number> => {
  const [row] = await kit.db.query<{ refunded: number }>(
    sql`SELECT refunded FROM payments.sandbox_session WHERE payment_id = ${paymentId}`,
  );
  return row?.refunded ?? 0;
};
const refund = (id: string, amount?: number) =>
  kit.refunding.execute(amount === undefined ? { id } : { id, amount }, admin());
const statusesOf = async (id: string) =>
  (await refundsOf(kit.db, id)).map(({ amount, status }) => [amount, status]);

describe('a refund that the system owes and its provider refuses', () => {
  it.each([
    [
      'of an order that was cancelled',
      'The order was cancelled',
      async () => {
        const { payment } = await givenPaid(kit);
        await kit.cancelOrder(payment.orderId);
        return payment.id;
      },
    ],
    [
      'of a payment that came after that',
      'The order was cancelled',
      async () => {
        const started = await kit.starting.execute(aStart(), user());
        await kit.cancelOrder(started.payment.orderId);
        await kit.settle(started, 'pay');
        return started.payment.id;
      },
    ],
    [
      'of the second payment of an order',
      'The order was paid already',
      async () => {
        const orderId = newId();
        const first = await kit.starting.execute(aStart({ orderId }), user());
        const second = await kit.starting.execute(aStart({ orderId }), user());
        await kit.settle(second, 'pay');
        await eventually(async () =>
          expect((await paymentOf(kit.db, second.payment.id)).status).toBe('SUCCEEDED'),
        );
        await kit.settle(first, 'pay');
        return first.payment.id;
      },
    ],
  ])('%s waits in a dead letter, and goes back once when it is redriven', async (_, reason, owing) => {
    mood = 'refuses';
    const id = await owing();
    await eventually(async () => {
      await runDue();
      expect(await lettersOf(id)).toHaveLength(1);
    });
    const { order_id: orderId, correlation_id: correlationId } = await paymentOf(kit.db, id);
    const [letter] = await lettersOf(id);
    expect(letter).toMatchObject({
      attempts: 1,
      error: 'The provider refused: the account is closed',
      message: {
        type: 'payment.refund-refused',
        version: 1,
        correlationId,
        actor: { role: 'system' },
        data: { paymentId: id, orderId, amount: 19.99, currency: 'USD', reason },
      },
    });
    expect(await paymentOf(kit.db, id)).toMatchObject({ status: 'SUCCEEDED', refunded: 0 });

    mood = 'pays';
    await runDue();
    expect(await givenBack(id)).toBe(0);
    expect([await redrive(letter!), await redrive(letter!)]).toEqual(['consumed', 'duplicate']);
    await runDue();
    expect(await paymentOf(kit.db, id)).toMatchObject({ status: 'REFUNDED', refunded: 1999 });
    expect(await givenBack(id)).toBe(1999);
    expect((await refundsOf(kit.db, id)).map((one) => [one.status, one.reason])).toEqual([
      ['FAILED', reason],
      ['SUCCEEDED', reason],
    ]);
    expect((await eventsOf(kit.db, id)).filter((type) => type === 'payment.refunded')).toHaveLength(1);
    expect(await lettersOf(id)).toEqual([]);
  });

  it('is a new letter when it is refused once more', async () => {
    const { payment } = await givenPaid(kit);
    await kit.cancelOrder(payment.orderId);
    mood = 'refuses';
    await runDue();
    const [first] = await lettersOf(payment.id);
    await redrive(first!);
    expect(await lettersOf(payment.id)).toEqual([]);
    await runDue();
    const [second, ...more] = await lettersOf(payment.id);
    expect(more).toEqual([]);
    expect(second?.id).not.toBe(first?.id);
  });

  it('is none while the answer is not known, and asked for under the same key', async () => {
    const { payment } = await givenPaid(kit);
    await kit.cancelOrder(payment.orderId);
    mood = 'refuses, unheard';
    await runDue();
    expect(await lettersOf(payment.id)).toEqual([]);
    mood = 'pays';
    await runDue();
    expect(await statusesOf(payment.id)).toEqual([[1999, 'FAILED']]);
    expect(await lettersOf(payment.id)).toHaveLength(1);
    expect(await givenBack(payment.id)).toBe(0);
  });

  it('waits for a refund by hand whose outcome nobody knows, and gives back what that leaves', async () => {
    const { payment } = await givenPaid(kit);
    await kit.cancelOrder(payment.orderId);
    mood = 'refuses';
    await runDue();
    const [letter] = await lettersOf(payment.id);
    mood = 'pays, unheard';
    await refund(payment.id, 999);
    await expect(redrive(letter!)).rejects.toMatchObject({ code: 'STALE_WRITE' });
    mood = 'pays';
    await runDue();
    expect(await redrive(letter!)).toBe('consumed');
    await runDue();
    expect(await statusesOf(payment.id)).toEqual([
      [1999, 'FAILED'],
      [999, 'SUCCEEDED'],
      [1000, 'SUCCEEDED'],
    ]);
    expect(await givenBack(payment.id)).toBe(1999);
  });
});

describe('a refund that staff ask for and its provider refuses', () => {
  it('is answered, and no dead letter', async () => {
    const { payment } = await givenPaid(kit);
    mood = 'refuses';
    await expect(refund(payment.id, 500)).rejects.toMatchObject({ code: 'REFUND_REFUSED' });
    await kit.db.inTx((tx) => requestRefund(tx, { id: payment.id, refundId: newId(), amount: 500 }));
    await runDue();
    expect(await lettersOf(payment.id)).toEqual([]);
  });

  it('changes nothing about the letter of a cancelled order', async () => {
    const { payment } = await givenPaid(kit);
    await kit.cancelOrder(payment.orderId);
    mood = 'refuses';
    await runDue();
    const letters = await lettersOf(payment.id);
    await expect(refund(payment.id, 500)).rejects.toMatchObject({ code: 'REFUND_REFUSED' });
    await runDue();
    expect(await lettersOf(payment.id)).toEqual(letters);
    expect(await statusesOf(payment.id)).toEqual([
      [1999, 'FAILED'],
      [500, 'FAILED'],
    ]);
  });
});

type Step = 'cancel' | 'jobs' | 'redrive' | { refund: number };

const aMood = fc.constantFrom<Mood>('pays', 'refuses', 'pays, unheard', 'refuses, unheard', 'is away');
const aStep: fc.Arbitrary<Step> = fc.oneof(
  fc.constantFrom('cancel', 'jobs', 'redrive'),
  fc.record({ refund: fc.integer({ min: 1, max: 1999 }) }),
);

it('never gives back more than was captured, and all of it in the end, whatever staff and provider do', async () => {
  const cancelled = new Set<string>();
  const cancel = async (orderId: string) => {
    if (!cancelled.has(orderId)) await kit.cancelOrder(orderId);
    cancelled.add(orderId);
  };
  const take = async (step: Step, { id, orderId }: { id: string; orderId: string }) => {
    if (step === 'cancel') await cancel(orderId);
    else if (step === 'jobs') await runDue();
    else if (step === 'redrive') await redriveAll(id);
    else await refund(id, step.refund).catch(() => undefined);
  };
  const check = async (id: string) => {
    const [{ refunded }, refunds, back] = await Promise.all([
      paymentOf(kit.db, id),
      refundsOf(kit.db, id),
      givenBack(id),
    ]);
    const sum = (status: string) =>
      refunds.filter((one) => one.status === status).reduce((total, { amount }) => total + amount, 0);
    expect(sum('SUCCEEDED')).toBe(refunded);
    expect(refunded + sum('REQUESTED')).toBeLessThanOrEqual(1999);
    // The provider is never behind what was booked, and ahead only by what it was not heard to say.
    expect(back).toBeGreaterThanOrEqual(refunded);
    expect(back).toBeLessThanOrEqual(refunded + sum('REQUESTED'));
    return { refunded, underWay: sum('REQUESTED') };
  };
  const run = fc.asyncProperty(
    fc.array(fc.tuple(aMood, aStep), { minLength: 3, maxLength: 12 }),
    async (steps) => {
      const { payment } = await givenPaid(kit);
      for (const [here, step] of steps) {
        mood = here;
        await take(step, payment);
        await check(payment.id);
      }
      mood = 'pays';
      await cancel(payment.orderId);
      // What was refused and not heard of comes to light now, and what is then promised instead.
      const { refunded } = await eventually(async () => {
        await runDue();
        const now = await check(payment.id);
        expect(now.underWay).toBe(0);
        return now;
      });
      if (refunded < 1999) expect(await lettersOf(payment.id)).toHaveLength(1);
      await redriveAll(payment.id);
      await runDue();
      expect(await check(payment.id)).toEqual({ refunded: 1999, underWay: 0 });
      expect(await givenBack(payment.id)).toBe(1999);
    },
  );
  await fc.assert(run, { numRuns: 40 });
});
