import { OrderStatus, PaymentStatus } from '@order-system/contracts/orders.contracts';
import fc from 'fast-check';
import type { OrderState } from './order.rules.js';

export const now = new Date('2026-05-01T12:00:00Z');
export const earlier = new Date('2026-05-01T11:30:00Z');
export const later = new Date('2026-05-01T12:30:00Z');

export const pending: OrderState = {
  id: 'o',
  number: 1001,
  userId: 'u',
  kind: 'CATALOG',
  status: 'PENDING',
  paymentStatus: 'PENDING',
  currency: 'USD',
  total: 1999,
  ownPrices: false,
  payBefore: later,
  paymentId: 'p',
  paymentProvider: 'SANDBOX',
  paymentState: 'PENDING',
  trackingNumber: null,
  carrier: null,
  refunded: 0,
  attemptedAt: null,
  isAgreed: false,
  version: 1,
};
export const paid: OrderState = {
  ...pending,
  status: 'PROCESSING',
  paymentStatus: 'PAID',
  paymentState: 'SUCCEEDED',
  payBefore: null,
};
export const payment = { paymentId: 'p', provider: 'SANDBOX', amount: 1999 } as const;

/** What can differ from order to order, in every combination. */
export const anOrder = fc.record({
  status: fc.constantFrom(...OrderStatus.options),
  paymentStatus: fc.constantFrom(...PaymentStatus.options),
  ownPrices: fc.boolean(),
  paymentId: fc.constantFrom('p', 'q', null),
  payBefore: fc.constantFrom(null, now, later),
  version: fc.integer({ min: 1, max: 1000 }),
});
