import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { OrderState } from './order.rules.js';
import { anOrder, earlier, later, now, paid, payment, pending } from './order-state.fixture.js';
import {
  markPaid,
  markPaymentFailed,
  markRefunded,
  noteAttempt,
  refuseUnlessPayable,
} from './paying.rules.js';

describe('money that has come in', () => {
  it('moves an order on: to the packers, or to the staff when its price is the customer’s own', () => {
    expect(markPaid(pending, payment)).toMatchObject({
      after: {
        status: 'PROCESSING',
        paymentStatus: 'PAID',
        paymentState: 'SUCCEEDED',
        payBefore: null,
        version: 2,
      },
      reason: 'payment succeeded',
    });
    expect(markPaid({ ...pending, ownPrices: true }, payment)?.after.status).toBe('REVIEW');
  });

  it('moves an order at the customer’s own price straight on when staff have agreed already', () => {
    const agreed = { ...pending, ownPrices: true, isAgreed: true };
    expect(markPaid(agreed, payment)?.after.status).toBe('PROCESSING');
  });

  it('leaves an order that is past PENDING where it is', () => {
    for (const status of ['REVIEW', 'PROCESSING', 'SHIPPED', 'COMPLETED', 'CANCELLED'] as const) {
      const before = { ...pending, status };
      expect(markPaid(before, payment)?.after).toMatchObject({ status, paymentStatus: 'PAID', version: 2 });
    }
  });

  it('names the payment that brought it, not the latest attempt', () => {
    const other = markPaid(pending, { ...payment, paymentId: 'q', provider: 'STRIPE' });
    expect(other?.after).toMatchObject({ paymentId: 'q', paymentProvider: 'STRIPE' });
  });

  it('is not what pays an order when it goes back, because another payment has paid it', () => {
    const second = { ...payment, paymentId: 'q', goesBack: true } as const;
    expect(markPaid(pending, second)).toBeNull();
    expect(markPaid(pending, payment)?.after).toMatchObject({ paymentId: 'p', paymentStatus: 'PAID' });
  });

  it('is noted by a cancelled order though it goes back, so that its going back is', () => {
    const cancelled = { ...pending, status: 'CANCELLED' } as const;
    const noted = markPaid(cancelled, { ...payment, goesBack: true })?.after ?? cancelled;
    expect(noted).toMatchObject({ status: 'CANCELLED', paymentStatus: 'PAID' });
    const refund = { ...payment, refunded: 1999, captured: 1999 };
    expect(markRefunded(noted, refund)?.after).toMatchObject({ paymentStatus: 'REFUNDED' });
  });

  it.each([
    ['PENDING', 1999, 'PENDING', 'REFUNDED'],
    ['PENDING', 500, 'PROCESSING', 'PARTIALLY_REFUNDED'],
    ['CANCELLED', 1999, 'CANCELLED', 'REFUNDED'],
  ] as const)(
    'of a %s order went back (%i) before the order heard that it came in',
    (status, refunded, to, paymentStatus) => {
      const noted = markRefunded({ ...pending, status }, { ...payment, refunded, captured: 1999 })!.after;
      expect(noted).toMatchObject({ status, paymentStatus: 'PENDING', refunded });
      const after = markPaid(noted, payment)!.after;
      expect(after).toMatchObject({ status: to, paymentStatus, paymentState: paymentStatus, refunded });
    },
  );

  it('is all there when it was another payment that went back', () => {
    const noted = markRefunded(pending, { ...payment, refunded: 1999, captured: 1999 })!.after;
    expect(markPaid(noted, { ...payment, paymentId: 'q' })?.after).toMatchObject({
      status: 'PROCESSING',
      paymentStatus: 'PAID',
      refunded: 0,
    });
  });

  it('counts once, whatever is told how often', () => {
    fc.assert(
      fc.property(anOrder, (given) => {
        const before: OrderState = { ...pending, ...given };
        const first = markPaid(before, payment);
        expect(first !== null).toBe(['PENDING', 'FAILED'].includes(before.paymentStatus));
        if (first === null) return;
        expect(first.after.paymentStatus).toBe('PAID');
        expect(first.after.version).toBe(before.version + 1);
        expect(markPaid(first.after, payment)).toBeNull();
      }),
    );
  });
});

describe('a payment that failed', () => {
  it('leaves the order waiting for another', () => {
    const failed = markPaymentFailed(pending, payment)?.after;
    expect(failed).toEqual({ ...pending, paymentStatus: 'FAILED', paymentState: 'FAILED', version: 2 });
    expect(markPaid(failed ?? pending, payment)?.after.status).toBe('PROCESSING');
  });

  it('says nothing when it is not the latest attempt, or money has come in', () => {
    const other = { ...payment, paymentId: 'q' };
    expect(markPaymentFailed(pending, other)).toBeNull();
    const named = { ...pending, attemptedAt: now };
    for (const startedAt of [undefined, now, earlier])
      expect(markPaymentFailed(named, { ...other, startedAt })).toBeNull();
    for (const one of [payment, { ...other, startedAt: later }])
      expect(markPaymentFailed(paid, one)).toBeNull();
    const cancelled = { ...pending, status: 'CANCELLED' } as const;
    expect(markPaymentFailed(cancelled, { ...other, startedAt: later })).toBeNull();
  });

  it('counts when it is newer than the attempt that the order has heard of', () => {
    const newer = { paymentId: 'q', provider: 'PAYPAL', startedAt: later } as const;
    for (const before of [pending, { ...pending, attemptedAt: now }])
      expect(markPaymentFailed(before, newer)?.after).toEqual({
        ...before,
        paymentId: 'q',
        paymentProvider: 'PAYPAL',
        attemptedAt: later,
        paymentStatus: 'FAILED',
        paymentState: 'FAILED',
        version: 2,
      });
  });
});

describe('money that went back', () => {
  const refund = (refunded: number) => ({ ...payment, refunded, captured: 1999 });

  it.each([
    [1, 'PARTIALLY_REFUNDED'],
    [1998, 'PARTIALLY_REFUNDED'],
    [1999, 'REFUNDED'],
  ] as const)('%i of 1999 makes the order %s', (refunded, paymentStatus) => {
    expect(markRefunded(paid, refund(refunded))?.after).toEqual({
      ...paid,
      paymentStatus,
      paymentState: paymentStatus,
      refunded,
      version: 2,
    });
  });

  it('is never less than was told before', () => {
    const later = markRefunded(paid, refund(700))?.after ?? paid;
    expect(markRefunded(later, refund(300))?.after.refunded).toBe(700);
  });

  it('is final once all of it went back, and never moves the order', () => {
    fc.assert(
      fc.property(
        anOrder,
        fc.array(fc.integer({ min: 1, max: 1999 }), { maxLength: 6 }),
        (given, refunds) => {
          let order: OrderState = { ...pending, ...given };
          for (const refunded of refunds) {
            const decision = markRefunded(order, refund(refunded));
            const isOver = ['NOT_REQUIRED', 'REFUNDED'].includes(order.paymentStatus);
            expect(decision !== null).toBe(!isOver && order.paymentId === 'p');
            if (decision === null) continue;
            expect(decision.after.status).toBe(order.status);
            expect(decision.after.version).toBe(order.version + 1);
            order = decision.after;
          }
        },
      ),
    );
  });
});

describe('another attempt to pay', () => {
  const attempt = { paymentId: 'q', provider: 'PAYPAL', state: 'PENDING', startedAt: now } as const;

  it.each([
    ['that is paid', paid, 'ALREADY_PAID: This order has been paid.'],
    [
      'whose money went back',
      { ...paid, paymentStatus: 'REFUNDED' },
      'ALREADY_PAID: This order has been paid.',
    ],
    [
      'that is cancelled',
      { ...pending, status: 'CANCELLED', payBefore: null },
      'NOT_PAYABLE: A cancelled order cannot be paid.',
    ],
    [
      'with nothing due',
      { ...pending, status: 'REVIEW', paymentStatus: 'NOT_REQUIRED' },
      'NOT_PAYABLE: Nothing is due for this order.',
    ],
    [
      'whose window has closed',
      { ...pending, payBefore: now },
      'NOT_PAYABLE: The time to pay this order is over.',
    ],
  ] as [string, OrderState, string][])('is refused for an order %s', (_, order, message) => {
    expect(() => refuseUnlessPayable(order, now)).toThrow(expect.objectContaining({ message }));
  });

  it('is for orders that are due, in time', () => {
    fc.assert(
      fc.property(anOrder, (given) => {
        const order: OrderState = { ...pending, ...given };
        const isOpen = order.payBefore === null || order.payBefore > now;
        const isDue = ['PENDING', 'FAILED'].includes(order.paymentStatus) && order.status !== 'CANCELLED';
        if (isDue && isOpen) refuseUnlessPayable(order, now);
        else expect(() => refuseUnlessPayable(order, now)).toThrow();
      }),
    );
  });

  it.each([
    ['REQUESTED', 'PENDING'],
    ['PENDING', 'PENDING'],
    ['SUCCEEDED', 'PENDING'],
    ['FAILED', 'FAILED'],
  ] as const)('that is %s replaces the latest one, and the order is %s', (state, status) => {
    const before = { ...pending, paymentStatus: 'FAILED', paymentState: 'FAILED' } as const;
    expect(noteAttempt(before, { ...attempt, state })?.after).toEqual({
      ...before,
      paymentId: 'q',
      paymentProvider: 'PAYPAL',
      paymentState: status,
      paymentStatus: status,
      attemptedAt: now,
      version: 2,
    });
  });

  it.each([
    ['under the id it has already', pending, { ...attempt, paymentId: 'p' }],
    ['that is older than the one it names', { ...pending, attemptedAt: later }, attempt],
    ['that was given up', pending, { ...attempt, state: 'CANCELLED' }],
    ['whose money went back', pending, { ...attempt, state: 'REFUNDED' }],
    ['of an order that is paid by now', paid, attempt],
    ['of an order that is cancelled by now', { ...pending, status: 'CANCELLED' }, attempt],
  ] as [string, OrderState, Parameters<typeof noteAttempt>[1]][])('%s changes nothing', (_, order, late) => {
    expect(noteAttempt(order, late)).toBeNull();
  });
});
