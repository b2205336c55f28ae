import { DomainError } from '@order-system/contracts/errors';
import type { PaymentStatus } from '@order-system/contracts/orders.contracts';
import type { PaymentProviderName, PaymentState } from '@order-system/contracts/payments.contracts';
import { change, type Decision, move, type OrderState, SETTLED } from './order.rules.js';

const UNPAID: readonly PaymentStatus[] = ['PENDING', 'FAILED'];

export interface PaymentFact {
  paymentId: string;
  provider: PaymentProviderName;
}

/** An attempt as payments have answered for it. */
export interface BegunPayment extends PaymentFact {
  state: PaymentState;
  startedAt: Date;
}

/** Is an attempt that was started then later than the one the order names? */
const isNewer = (startedAt: Date | undefined, { attemptedAt }: OrderState): boolean =>
  startedAt !== undefined && (attemptedAt === null || startedAt > attemptedAt);

/**
 * Money has come in. What `goesBack` is on its way back already: payments sees to that. A cancelled order notes it, for
 * its going back; otherwise the payment that pays the order is another one, of which the order may hear later.
 */
export function markPaid(
  before: OrderState,
  {
    paymentId,
    provider,
    amount,
    goesBack = false,
  }: PaymentFact & { amount: number; goesBack?: boolean | undefined },
): Decision | null {
  const isOthers = goesBack && before.status !== 'CANCELLED';
  if (isOthers || !UNPAID.includes(before.paymentStatus)) return null;
  // This event may have been dead while the money went back.
  const refunded = before.paymentId === paymentId ? before.refunded : 0;
  const state = refunded > 0 ? refundState(refunded, amount) : undefined;
  const paid = {
    paymentId,
    paymentProvider: provider,
    refunded,
    paymentState: state ?? 'SUCCEEDED',
    paymentStatus: state ?? 'PAID',
  } as const;
  if (before.status !== 'PENDING' || state === 'REFUNDED') return change(before, paid);
  const to = before.ownPrices && !before.isAgreed ? 'REVIEW' : 'PROCESSING';
  const { after } = move(before, { to, movers: ['payment'] });
  return { before, after: { ...after, ...paid }, reason: 'payment succeeded' };
}

/** An attempt has failed: the order waits on, for another one. Older attempts than the latest say nothing. */
export function markPaymentFailed(
  before: OrderState,
  { paymentId, provider, startedAt }: PaymentFact & { startedAt?: Date | undefined },
): Decision | null {
  const isKnown = before.paymentId === paymentId && before.paymentStatus === 'PENDING';
  const isWaiting = UNPAID.includes(before.paymentStatus) && before.status !== 'CANCELLED';
  const isLater = before.paymentId !== paymentId && isWaiting && isNewer(startedAt, before);
  if (!isKnown && !isLater) return null;
  return change(before, {
    paymentId,
    paymentProvider: provider,
    paymentStatus: 'FAILED',
    paymentState: 'FAILED',
    attemptedAt: startedAt ?? before.attemptedAt,
  });
}

/** Amounts in minor units: `refunded` in all, of `captured`. What went back before the order heard that it came in is noted. */
export function markRefunded(
  before: OrderState,
  { paymentId, refunded, captured }: PaymentFact & { refunded: number; captured: number },
): Decision | null {
  if (before.paymentId !== paymentId) return null;
  // An event that was dead for a while is older than what is known.
  const inAll = Math.max(before.refunded, refunded);
  if (UNPAID.includes(before.paymentStatus)) return change(before, { refunded: inAll });
  if (!['PAID', 'PARTIALLY_REFUNDED'].includes(before.paymentStatus)) return null;
  const state = refundState(inAll, captured);
  return change(before, { refunded: inAll, paymentStatus: state, paymentState: state });
}

const refundState = (refunded: number, captured: number): 'REFUNDED' | 'PARTIALLY_REFUNDED' =>
  refunded >= captured ? 'REFUNDED' : 'PARTIALLY_REFUNDED';

/** Before another attempt to pay is made. Throws ALREADY_PAID or NOT_PAYABLE. */
export function refuseUnlessPayable(order: OrderState, now: Date): void {
  if (SETTLED.includes(order.paymentStatus) && order.paymentStatus !== 'NOT_REQUIRED')
    throw new DomainError('ALREADY_PAID', 'This order has been paid.');
  const why = whyNotPayable(order, now);
  if (why) throw new DomainError('NOT_PAYABLE', why);
}

function whyNotPayable({ status, paymentStatus, payBefore }: OrderState, now: Date): string | undefined {
  if (status === 'CANCELLED') return 'A cancelled order cannot be paid.';
  if (paymentStatus === 'NOT_REQUIRED') return 'Nothing is due for this order.';
  if (payBefore !== null && payBefore <= now) return 'The time to pay this order is over.';
  return undefined;
}

/**
 * An attempt that payments have begun is what the order waits for now, or what has just failed; unless it is an older
 * one, whose answer comes late or again. Money that has come in is told by its event.
 */
export function noteAttempt(
  before: OrderState,
  { paymentId, provider, state, startedAt }: BegunPayment,
): Decision | null {
  const isNew =
    before.paymentId !== paymentId &&
    isNewer(startedAt, before) &&
    ['REQUESTED', 'PENDING', 'SUCCEEDED', 'FAILED'].includes(state);
  if (!isNew || !UNPAID.includes(before.paymentStatus) || before.status === 'CANCELLED') return null;
  const status = state === 'FAILED' ? 'FAILED' : 'PENDING';
  return change(before, {
    paymentId,
    paymentProvider: provider,
    paymentState: status,
    paymentStatus: status,
    attemptedAt: startedAt,
  });
}
