import { describe, expect, it } from '@jest/globals';
import { PaymentState } from '@order-system/contracts/payments.contracts';
import fc from 'fast-check';
import {
  type ProviderAnswer,
  canMove,
  TRANSITIONS,
  holdsMoney,
  judge,
  leftToRefund,
  refundAmount,
  statusAfterRefund,
  wasCaptured,
} from './payment.rules.js';

const states = PaymentState.options;
const allowed = new Set([
  ...['REQUESTED>PENDING', 'REQUESTED>SUCCEEDED', 'REQUESTED>FAILED', 'REQUESTED>CANCELLED'],
  ...['PENDING>SUCCEEDED', 'PENDING>FAILED', 'PENDING>CANCELLED', 'FAILED>SUCCEEDED', 'CANCELLED>SUCCEEDED'],
  ...['SUCCEEDED>PARTIALLY_REFUNDED', 'SUCCEEDED>REFUNDED', 'PARTIALLY_REFUNDED>PARTIALLY_REFUNDED'],
  'PARTIALLY_REFUNDED>REFUNDED',
]);

describe('what may become of a payment', () => {
  it.each(states.flatMap((from) => states.map((to) => [from, to] as const)))('%s -> %s', (from, to) => {
    expect(canMove(from, to)).toBe(allowed.has(`${from}>${to}`));
  });

  it('reaches every state, and leaves the last one never', () => {
    const reached = new Set<PaymentState>(['REQUESTED']);
    for (const state of reached) for (const next of TRANSITIONS[state]) reached.add(next);
    expect([...reached].sort()).toEqual([...states].sort());
    expect(TRANSITIONS.REFUNDED).toEqual([]);
  });

  it('never leads from captured money back to a payment without', () => {
    for (const from of states.filter(holdsMoney))
      expect(TRANSITIONS[from].every((to: PaymentState) => holdsMoney(to) || to === 'REFUNDED')).toBe(true);
  });
});

it('an order is paid by what brought money in, also when that went back', () => {
  expect(states.filter(wasCaptured)).toEqual(['SUCCEEDED', 'PARTIALLY_REFUNDED', 'REFUNDED']);
});

const attempt = { id: 'p1', status: 'PENDING', amount: 1999, currency: 'USD' } as const;
const captured = {
  state: 'captured',
  ref: 's1',
  paymentId: 'p1',
  amount: 1999,
  currency: 'USD',
  receipt: 'r',
} as const;

describe('what a provider says', () => {
  it('pays what was agreed', () => {
    expect(judge(attempt, captured)).toMatchObject({ kind: 'move', to: 'SUCCEEDED', receipt: 'r' });
  });

  it.each<[string, ProviderAnswer]>([
    ['another amount', { ...captured, amount: 1 }],
    ['another currency', { ...captured, currency: 'EUR' }],
    ['another payment', { ...captured, paymentId: 'p2' }],
  ])('pays nothing when it captured %s', (_, answer) => {
    expect(judge(attempt, answer).kind).toBe('mismatch');
  });

  it('pays nothing when the webhook names another amount than the provider', () => {
    expect(judge(attempt, captured, { succeeded: true, amount: 1, currency: 'USD' }).kind).toBe('mismatch');
  });

  it('changes nothing a second time, and never turns a success into a failure', () => {
    const paid = { ...attempt, status: 'SUCCEEDED' } as const;
    expect(judge(paid, captured)).toEqual({ kind: 'same' });
    expect(judge(paid, { state: 'failed', ref: 's1', message: 'no' })).toEqual({ kind: 'same' });
  });

  it('is waited for when it is not decided', () => {
    expect(judge(attempt, { state: 'unknown', reason: 'timeout' })).toEqual({ kind: 'wait' });
    expect(judge(attempt, { state: 'missing' })).toEqual({ kind: 'wait' });
    expect(judge(attempt, { state: 'open', ref: 's1' }, { succeeded: true })).toEqual({ kind: 'wait' });
    expect(judge(attempt, { state: 'open', ref: 's1' }, { succeeded: false })).toEqual({ kind: 'same' });
  });
});

describe('refunds', () => {
  const cents = fc.integer({ min: 1, max: 100_000_000 });

  it('never promise more than was captured, whatever is asked for', () => {
    fc.assert(
      fc.property(
        cents,
        fc.array(fc.option(cents, { nil: undefined }), { maxLength: 20 }),
        (amount, asked) => {
          let requested = 0;
          for (const one of asked) {
            try {
              requested += refundAmount({ status: 'SUCCEEDED', amount, refunded: 0 }, requested, one);
            } catch {
              expect(one === undefined ? amount - requested : amount - requested - one).toBeLessThanOrEqual(
                0,
              );
            }
            expect(requested).toBeLessThanOrEqual(amount);
          }
        },
      ),
    );
  });

  it('without an amount give back exactly what is left', () => {
    fc.assert(
      fc.property(cents, fc.nat(), fc.nat(), (amount, a, b) => {
        const refunded = a % amount;
        const requested = b % (amount - refunded);
        const left = refundAmount({ status: 'PARTIALLY_REFUNDED', amount, refunded }, requested);
        expect(left + refunded + requested).toBe(amount);
      }),
    );
  });

  it('say whether nothing is left, or only less than was asked for', () => {
    const payment = { status: 'PARTIALLY_REFUNDED', amount: 100, refunded: 60 } as const;
    expect(() => refundAmount(payment, 30, 11)).toThrow(
      'The refund is more than what is left of the payment.',
    );
    expect(() => refundAmount(payment, 40)).toThrow('Nothing is left to refund of this payment.');
  });

  it.each(states.filter((state) => !holdsMoney(state)))(
    'of a payment that is %s have nothing to give',
    (status) => {
      expect(leftToRefund({ status, amount: 100, refunded: 0 }, 0)).toBe(0);
      expect(() => refundAmount({ status, amount: 100, refunded: 0 }, 0, 1)).toThrow(
        'REFUND_EXCEEDS_CAPTURED',
      );
    },
  );

  it('are complete with the last part', () => {
    expect(statusAfterRefund(100, 99)).toBe('PARTIALLY_REFUNDED');
    expect(statusAfterRefund(100, 100)).toBe('REFUNDED');
  });
});
