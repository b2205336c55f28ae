import { DomainError } from '@order-system/contracts/errors';
import { change, type Decision, move, type OrderState, possibleFor } from './order.rules.js';
import { type BegunPayment, noteAttempt, type PaymentFact } from './paying.rules.js';

/** What an order costs that had no price, in minor units, and the attempt under which it will be paid. */
export interface Quote extends PaymentFact {
  amount: number;
}

/**
 * Staff have agreed in the room. An order that waits for it moves on; one that would wait for it once it is paid will not;
 * for any other only the room closes: null. A quote is for an order that waits and has no price yet; else throws
 * ILLEGAL_TRANSITION.
 */
export function settle(
  before: OrderState,
  { summary, quote }: { summary: string; quote?: Quote | undefined },
): Decision | null {
  if (quote && !canBeQuoted(before)) throw noPlaceForQuote(before);
  if (before.status === 'PENDING' && before.ownPrices && !before.isAgreed)
    return change(before, { isAgreed: true });
  if (before.status !== 'REVIEW') return null;
  const decision = move(before, { to: 'PROCESSING', movers: ['room'], reason: summary });
  if (!quote) return decision;
  const due = {
    total: quote.amount,
    paymentStatus: 'PENDING',
    paymentId: quote.paymentId,
    paymentProvider: quote.provider,
    paymentState: 'REQUESTED',
    attemptedAt: null,
  } as const;
  return { ...decision, after: { ...decision.after, ...due } };
}

const canBeQuoted = ({ kind, status, paymentStatus }: OrderState): boolean =>
  kind === 'CUSTOM' && status === 'REVIEW' && paymentStatus === 'NOT_REQUIRED';

function noPlaceForQuote(order: OrderState): DomainError {
  const { kind, status } = order;
  const detail =
    kind === 'CUSTOM'
      ? `A quote has no place here: the order is in ${status}, and only one in REVIEW takes a price.`
      : 'A quote has no place here: the order has its prices already.';
  return new DomainError('ILLEGAL_TRANSITION', detail, {
    from: status,
    possible: possibleFor(order, ['admin']),
  });
}

/**
 * The quoted payment has a link now; or another one has, with which the customer was quicker. Null when the customer has
 * chosen another way, or an answer came first.
 */
export function noteBegun(before: OrderState, quotedId: string, begun: BegunPayment): Decision | null {
  if (!isAwaited(before, quotedId)) return null;
  if (begun.paymentId !== quotedId) return noteAttempt(before, begun);
  return change(before, { paymentState: 'PENDING', attemptedAt: begun.startedAt });
}

/** The quoted payment cannot be started: the customer has to choose another way to pay. */
export function markNotStarted(before: OrderState, paymentId: string): Decision | null {
  if (!isAwaited(before, paymentId)) return null;
  return change(before, { paymentState: 'FAILED', paymentStatus: 'FAILED' });
}

const isAwaited = (order: OrderState, paymentId: string): boolean =>
  order.paymentId === paymentId && order.paymentState === 'REQUESTED' && order.paymentStatus === 'PENDING';
