import { DomainError } from '@order-system/contracts/errors';
import type { PaymentState } from '@order-system/contracts/payments.contracts';

/** What may become of an attempt. Nothing leads back from money that was captured. */
export const TRANSITIONS = {
  REQUESTED: ['PENDING', 'SUCCEEDED', 'FAILED', 'CANCELLED'],
  PENDING: ['SUCCEEDED', 'FAILED', 'CANCELLED'],
  // The provider may capture what we gave up on. The money is booked, and sent back when the order cannot take it.
  FAILED: ['SUCCEEDED'],
  CANCELLED: ['SUCCEEDED'],
  SUCCEEDED: ['PARTIALLY_REFUNDED', 'REFUNDED'],
  PARTIALLY_REFUNDED: ['PARTIALLY_REFUNDED', 'REFUNDED'],
  REFUNDED: [],
} as const satisfies Record<PaymentState, readonly PaymentState[]>;

export const canMove = (from: PaymentState, to: PaymentState): boolean =>
  (TRANSITIONS[from] as readonly PaymentState[]).includes(to);

const HOLDING: readonly PaymentState[] = ['SUCCEEDED', 'PARTIALLY_REFUNDED'];
/** What pays an order for good: when it goes back, the order is not due again. */
const CAPTURED: readonly PaymentState[] = [...HOLDING, 'REFUNDED'];
const LIVE: readonly PaymentState[] = ['REQUESTED', 'PENDING'];

/** Does it hold money of the customer that could be given back? */
export const holdsMoney = (status: PaymentState): boolean => HOLDING.includes(status);
/** Did it ever bring money in? */
export const wasCaptured = (status: PaymentState): boolean => CAPTURED.includes(status);
/** May the customer still pay it? */
export const isLive = (status: PaymentState): boolean => LIVE.includes(status);

/** Where an attempt stands, in the words of its provider. Not to know is an answer too. */
export type ProviderAnswer =
  | { state: 'open'; ref: string; paymentUrl?: string; clientSecret?: string }
  | { state: 'captured'; ref: string; paymentId: string; amount: number; currency: string; receipt: string }
  | { state: 'failed'; ref: string | null; message: string }
  | { state: 'cancelled'; ref: string }
  /** The provider has never heard of it. */
  | { state: 'missing' }
  /** No answer, or one that decides nothing: ask again, under the same key. */
  | { state: 'unknown'; reason: string };

/** What a webhook said before the provider was asked; never believed, but it must agree. */
export interface Claim {
  succeeded: boolean;
  amount?: number;
  currency?: string;
}

export interface Attempt {
  id: string;
  status: PaymentState;
  amount: number;
  currency: string;
}

export type Verdict =
  | { kind: 'move'; to: 'SUCCEEDED' | 'FAILED' | 'CANCELLED'; message: string | null; receipt: string | null }
  | { kind: 'same' }
  | { kind: 'wait' }
  | { kind: 'mismatch'; reason: string };

/** Decides what a provider's answer means for an attempt. */
export function judge(attempt: Attempt, answer: ProviderAnswer, claim?: Claim): Verdict {
  const difference = differs(attempt, answer, claim);
  if (difference !== undefined) return { kind: 'mismatch', reason: difference };
  const verdict = meaning(answer, claim);
  if (verdict.kind === 'move' && !canMove(attempt.status, verdict.to)) return { kind: 'same' };
  return verdict;
}

function meaning(answer: ProviderAnswer, claim?: Claim): Verdict {
  switch (answer.state) {
    case 'captured':
      return { kind: 'move', to: 'SUCCEEDED', message: null, receipt: answer.receipt };
    case 'failed':
      return { kind: 'move', to: 'FAILED', message: answer.message, receipt: null };
    case 'cancelled':
      return { kind: 'move', to: 'CANCELLED', message: null, receipt: null };
    case 'open':
      // A provider's own copies may lag behind its webhook.
      return claim?.succeeded ? { kind: 'wait' } : { kind: 'same' };
    case 'missing':
    case 'unknown':
      return { kind: 'wait' };
  }
}

function differs(attempt: Attempt, answer: ProviderAnswer, claim?: Claim): string | undefined {
  const said: Claim[] = claim === undefined ? [] : [claim];
  if (answer.state === 'captured') {
    if (answer.paymentId !== attempt.id) return `the provider captured it for payment ${answer.paymentId}`;
    said.push({ succeeded: true, amount: answer.amount, currency: answer.currency });
  }
  for (const { amount = attempt.amount, currency = attempt.currency } of said) {
    if (currency !== attempt.currency) return `currency is ${currency} instead of ${attempt.currency}`;
    if (amount !== attempt.amount) return `amount is ${amount} instead of ${attempt.amount} minor units`;
  }
  return undefined;
}

interface Refundable {
  status: PaymentState;
  /** Captured, in minor units. */
  amount: number;
  /** Given back. */
  refunded: number;
}

/** What can still be promised back, when `requested` is on its way already. */
export const leftToRefund = ({ status, amount, refunded }: Refundable, requested: number): number =>
  holdsMoney(status) ? amount - refunded - requested : 0;

/** The amount of a new refund; without one asked for, all that is left. Throws REFUND_EXCEEDS_CAPTURED. */
export function refundAmount(payment: Refundable, requested: number, asked?: number): number {
  const left = leftToRefund(payment, requested);
  const amount = asked ?? left;
  if (amount > 0 && amount <= left) return amount;
  throw new DomainError(
    'REFUND_EXCEEDS_CAPTURED',
    left === 0
      ? 'Nothing is left to refund of this payment.'
      : 'The refund is more than what is left of the payment.',
  );
}

export const statusAfterRefund = (amount: number, refunded: number): PaymentState =>
  refunded >= amount ? 'REFUNDED' : 'PARTIALLY_REFUNDED';
