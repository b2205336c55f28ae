import { describe, expect, it } from '@jest/globals';
import { move, type OrderState } from './order.rules.js';
import { pending } from './order-state.fixture.js';
import { markNotStarted, noteBegun, type Quote, settle } from './review.rules.js';

const custom: OrderState = {
  ...pending,
  kind: 'CUSTOM',
  status: 'REVIEW',
  paymentStatus: 'NOT_REQUIRED',
  total: 0,
  payBefore: null,
  paymentId: null,
  paymentProvider: null,
  paymentState: null,
};
const paid: OrderState = { ...custom, kind: 'CATALOG', ownPrices: true, total: 900, paymentStatus: 'PAID' };
const summary = 'Agreed.';
const startedAt = new Date('2026-05-01T12:00:00Z');
const quote: Quote = { amount: 5000, paymentId: 'p', provider: 'SANDBOX' };

describe('settling a review', () => {
  it('moves an order that waits for it, with the summary as the reason', () => {
    for (const order of [custom, paid])
      expect(settle(order, { summary })).toEqual({
        before: order,
        after: { ...order, status: 'PROCESSING', version: 2 },
        reason: summary,
      });
  });

  it('makes a quote what is to be paid before the order can be completed', () => {
    const after = settle(custom, { summary, quote })?.after ?? custom;
    expect(after).toMatchObject({
      status: 'PROCESSING',
      total: 5000,
      paymentStatus: 'PENDING',
      paymentId: 'p',
    });
    expect(after).toMatchObject({ paymentProvider: 'SANDBOX', paymentState: 'REQUESTED', payBefore: null });
    expect(() => move(after, { to: 'COMPLETED', movers: ['admin'] })).toThrow('it has not been paid yet');
  });

  it.each(['PENDING', 'PROCESSING', 'SHIPPED', 'COMPLETED', 'CANCELLED'] as const)(
    'leaves an order in %s alone, and takes no quote for it',
    (status) => {
      expect(settle({ ...custom, status }, { summary })).toBeNull();
      expect(() => settle({ ...custom, status }, { summary, quote })).toThrow(
        expect.objectContaining({
          code: 'ILLEGAL_TRANSITION',
          facts: expect.objectContaining({ from: status }),
        }),
      );
    },
  );

  it('is remembered of an order at own prices that is still to be paid, once', () => {
    const unpaid: OrderState = { ...paid, status: 'PENDING', paymentStatus: 'PENDING' };
    const after = settle(unpaid, { summary })?.after ?? unpaid;
    expect(after).toEqual({ ...unpaid, isAgreed: true, version: 2 });
    expect(settle(after, { summary })).toBeNull();
  });

  it('takes no quote for an order that has prices', () => {
    expect(() => settle(paid, { summary, quote })).toThrow('the order has its prices already');
  });
});

describe('the payment of a quoted order', () => {
  const waiting = settle(custom, { summary, quote })?.after ?? custom;
  const begun = { paymentId: 'p', provider: 'SANDBOX', state: 'PENDING', startedAt } as const;

  it('is noted as started, or as not to be started', () => {
    expect(noteBegun(waiting, 'p', begun)?.after).toMatchObject({
      paymentState: 'PENDING',
      paymentStatus: 'PENDING',
    });
    expect(markNotStarted(waiting, 'p')?.after).toMatchObject({
      paymentState: 'FAILED',
      paymentStatus: 'FAILED',
    });
  });

  it('is the one that the customer was quicker with', () => {
    const quicker = { paymentId: 'q', provider: 'PAYPAL', state: 'REQUESTED', startedAt } as const;
    expect(noteBegun(waiting, 'p', quicker)?.after).toMatchObject({
      paymentId: 'q',
      paymentProvider: 'PAYPAL',
      paymentState: 'PENDING',
      paymentStatus: 'PENDING',
    });
    expect(noteBegun(waiting, 'p', { ...quicker, state: 'CANCELLED' })).toBeNull();
  });

  it('says nothing about an order that has gone on meanwhile', () => {
    const others: OrderState[] = [
      { ...waiting, paymentId: 'another', paymentState: 'PENDING' },
      { ...waiting, paymentState: 'SUCCEEDED', paymentStatus: 'PAID' },
      { ...waiting, paymentState: 'FAILED', paymentStatus: 'FAILED' },
    ];
    for (const order of others) {
      expect(noteBegun(order, 'p', begun)).toBeNull();
      expect(noteBegun(order, 'p', { ...begun, paymentId: 'q' })).toBeNull();
      expect(markNotStarted(order, 'p')).toBeNull();
    }
  });
});
