import { PaymentFailed, PaymentStarted, PaymentSucceeded } from '@order-system/contracts/payments.contracts';
import type { PaymentProviderName } from '@order-system/contracts/payments.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import { type Fact, emit, fact } from '@order-system/messaging/outbox';
import { logger } from '@order-system/observability/logger';
import type { Tx } from '@order-system/prisma/database';
import {
  type Claim,
  type ProviderAnswer,
  type Verdict,
  isLive,
  judge,
  wasCaptured,
} from './payment.rules.js';
import {
  type PaymentRow,
  cancelOpenAttempts,
  inItsFlow,
  lockAttempts,
  saveSettlement,
} from './payment.store.js';
import { refundTheRest } from './refund.store.js';

const log = logger('payments');

interface SettleInput {
  provider: PaymentProviderName;
  paymentId: string;
  answer: ProviderAnswer;
  claim?: Claim;
}

export type Settled =
  | { outcome: 'applied' | 'unchanged' | 'waiting'; payment: PaymentRow }
  | { outcome: 'mismatch'; reason: string; payment: PaymentRow }
  | { outcome: 'unknown-payment' };

/**
 * The only way for a payment to end: what its provider says is compared with what was agreed, and applied once.
 * Money that the order cannot take is promised back in the same transaction.
 */
export async function settlePayment(tx: Tx, input: SettleInput, ctx: MessageContext): Promise<Settled> {
  const { provider, paymentId } = input;
  const attempts = await lockAttempts(tx, paymentId);
  const payment = attempts.find((attempt) => attempt.id === paymentId && attempt.provider === provider);
  if (!payment) return { outcome: 'unknown-payment' };
  const verdict = judge(payment, input.answer, input.claim);
  if (verdict.kind === 'mismatch') {
    log.error(
      { payment: payment.id, reason: verdict.reason },
      'the provider disagrees about a payment: look into it',
    );
    return { outcome: 'mismatch', reason: verdict.reason, payment };
  }
  if (verdict.kind !== 'move') return { outcome: verdict.kind === 'wait' ? 'waiting' : 'unchanged', payment };
  const ref = 'ref' in input.answer ? input.answer.ref : null;
  return { outcome: 'applied', payment: await apply(tx, { payment, attempts, verdict, ref }, ctx) };
}

interface Move {
  payment: PaymentRow;
  attempts: PaymentRow[];
  verdict: Extract<Verdict, { kind: 'move' }>;
  ref: string | null;
}

async function apply(
  tx: Tx,
  { payment, attempts, verdict, ref }: Move,
  ctx: MessageContext,
): Promise<PaymentRow> {
  const { to, message, receipt } = verdict;
  const after = await saveSettlement(tx, payment.id, {
    status: to,
    ref,
    message,
    receipt,
    facts: factsOf(payment, verdict).length,
  });
  if (!after) throw new Error('a locked payment vanished');
  const others = attempts.filter((attempt) => attempt.id !== payment.id);
  const unwanted = to === 'SUCCEEDED' ? whyUnwanted(after.closed, others) : undefined;
  if (unwanted !== undefined) await refundTheRest(tx, after, unwanted);
  else if (to === 'SUCCEEDED' && others.some(({ status }) => isLive(status)))
    await cancelOpenAttempts(tx, payment.order_id);
  await emit(tx, inItsFlow(payment, ctx), factsOf(payment, verdict, unwanted !== undefined));
  return after;
}

/** Why an order cannot take the money that was captured, if it cannot; the customer reads it. */
function whyUnwanted(isClosed: boolean, others: readonly PaymentRow[]): string | undefined {
  if (isClosed) return 'The order was cancelled';
  return others.some(({ status }) => wasCaptured(status)) ? 'The order was paid already' : undefined;
}

/** A payment's first event is always that it was started, also when the answer came by another way. */
function factsOf(payment: PaymentRow, { to, message }: Move['verdict'], goesBack = false): Fact[] {
  const data = factOf(payment);
  const facts: Fact[] = [];
  const next = () => ({ type: 'payment', id: payment.id, version: payment.version + facts.length + 1 });
  if (to === 'CANCELLED') return facts;
  if (payment.version === 0) facts.push(fact(PaymentStarted, next(), data));
  if (to === 'SUCCEEDED')
    facts.push(fact(PaymentSucceeded, next(), { ...data, ...(goesBack ? { goesBack } : {}) }));
  else
    facts.push(
      fact(PaymentFailed, next(), {
        ...data,
        message: message ?? 'The payment failed.',
        startedAt: payment.created_at,
      }),
    );
  return facts;
}

export const factOf = (payment: PaymentRow) => ({
  paymentId: payment.id,
  orderId: payment.order_id,
  userId: payment.user_id,
  provider: payment.provider,
  amount: payment.amount,
  currency: payment.currency,
});
