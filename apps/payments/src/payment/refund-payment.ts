import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { assertStaff } from '@order-system/contracts/actor';
import type { CallInput, CallOutput } from '@order-system/contracts/define';
import { DomainError, notFound } from '@order-system/contracts/errors';
import { PaymentRefunded, RefundPayment as RefundCall } from '@order-system/contracts/payments.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import { keepDeadLetter } from '@order-system/messaging/dead-letter';
import { keyReused, once, requestHash } from '@order-system/messaging/idempotency';
import { emit, fact, toMessage } from '@order-system/messaging/outbox';
import { errorText } from '@order-system/messaging/retry';
import { logger } from '@order-system/observability/logger';
import { Database, type Tx } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import type { RefundAnswer } from '../provider/payment-provider.js';
import { Providers } from '../provider/providers.js';
import { refundAmount, statusAfterRefund } from './payment.rules.js';
import { type PaymentRow, findObstacle, inItsFlow, toPayment } from './payment.store.js';
import {
  type DueRefund,
  type RefundRow,
  addRefunded,
  endRefund,
  findRefund,
  hasLetter,
  insertRefund,
  lockPayment,
  lockPaymentOf,
  refundTheRest,
  sumRequested,
} from './refund.store.js';
import { REFUSED_CONSUMER, RefundRefused } from './refused-refund.js';
import { factOf } from './settle-payment.js';

const log = logger('payments');

type Input = CallInput<typeof RefundCall>;

/** How long an admin's own request may take before the job takes the refund over. */
const LEASE_MS = 30_000;

/** Commits the intent, whose id is the provider's key, asks the provider, commits the answer. */
@Injectable()
export class RefundPayment {
  constructor(
    private readonly db: Database,
    private readonly providers: Providers,
  ) {}

  async execute(input: Input, ctx: MessageContext): Promise<CallOutput<typeof RefundCall>> {
    assertStaff(ctx.actor, 'refund');
    const id = refundIdOf(ctx);
    const due = await this.db.inTx((tx) => requestRefund(tx, { ...input, refundId: id }));
    const answer = await this.finish(due);
    if (answer.state === 'refused') {
      await this.db.inTx((tx) => recordRefund(tx, { refund: due, answer }, ctx));
      throw new DomainError('REFUND_REFUSED', `The provider refused: ${answer.reason}.`);
    }
    return this.db.inTx((tx) =>
      once(tx, ctx, RefundCall, input, async () =>
        toPayment(await recordRefund(tx, { refund: due, answer }, ctx)),
      ),
    );
  }

  /** Asks the provider, unless its answer is known. The refund's id is its key: it gives money back once. */
  async finish(refund: DueRefund): Promise<RefundAnswer> {
    if (refund.status === 'SUCCEEDED') return { state: 'refunded', ref: refund.provider_ref ?? '' };
    if (refund.status === 'FAILED') return { state: 'refused', reason: 'it was refused before' };
    const provider = this.providers.find(refund.provider);
    if (!provider) return { state: 'unknown', reason: `${refund.provider} is not set up here` };
    return provider.refund({
      refundId: refund.id,
      paymentId: refund.payment_id,
      providerRef: refund.payment_ref,
      amount: refund.amount,
      currency: refund.currency,
      reason: refund.reason,
    });
  }
}

/** A repeated request continues the refund of the first time. */
function refundIdOf({ actor, idempotencyKey }: MessageContext): string {
  if (idempotencyKey === undefined || actor.id === null) return newId();
  const hash = createHash('sha256').update(`refund ${actor.id} ${idempotencyKey}`).digest();
  hash[6] = (hash.readUInt8(6) & 0x0f) | 0x80; // UUID version 8: made by a rule of our own
  hash[8] = (hash.readUInt8(8) & 0x3f) | 0x80;
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** Promises money back: under the payment's lock, so that all promises together never exceed what was captured. */
export async function requestRefund(
  tx: Tx,
  { id, refundId, amount, reason }: Input & { refundId: string },
): Promise<DueRefund> {
  const payment = await lockPayment(tx, id);
  if (!payment) throw notFound('payment');
  const hash = requestHash(RefundCall, { id, amount, reason });
  const known = await findRefund(tx, refundId);
  if (known) return withPayment(sameRefund(known, payment, hash), payment);
  const requested = await sumRequested(tx, payment.id);
  const granted = refundAmount(payment, requested, amount);
  const refund = {
    id: refundId,
    paymentId: payment.id,
    amount: granted,
    reason: reason ?? null,
    requestHash: hash,
    leaseMs: LEASE_MS,
  };
  const made = await insertRefund(tx, refund);
  if (!made) throw keyReused();
  return withPayment(made, payment);
}

/** Money must not go back twice for one request, nor silently not at all for another one under its key. */
function sameRefund(known: RefundRow, payment: PaymentRow, hash: string): RefundRow {
  const isSame = known.payment_id === payment.id && (known.request_hash ?? hash) === hash;
  if (!isSame) throw keyReused();
  return known;
}

/** What the provider said about a refund, applied once. */
export async function recordRefund(
  tx: Tx,
  { refund, answer }: { refund: RefundRow; answer: RefundAnswer },
  ctx: MessageContext,
): Promise<PaymentRow> {
  const payment = await lockPaymentOf(tx, refund.id);
  if (!payment) throw new Error(`refund ${refund.id} has no payment`);
  if (answer.state === 'unknown') return payment;
  if (answer.state === 'refused') {
    if ((await endRefund(tx, refund.id, 'FAILED', null)) === 0) return payment;
    log.error({ refund: refund.id, payment: payment.id, reason: answer.reason }, 'a refund was refused');
    await keepOwing(tx, { refund, payment, why: answer.reason }, ctx);
    return payment;
  }
  if ((await endRefund(tx, refund.id, 'SUCCEEDED', answer.ref)) === 0) return payment;
  const status = statusAfterRefund(payment.amount, payment.refunded + refund.amount);
  const after = await addRefunded(tx, payment, refund.amount, status);
  if (!after) throw new Error('a locked payment vanished');
  const aggregate = { type: 'payment', id: after.id, version: after.version };
  const data = {
    ...factOf(after),
    amount: refund.amount,
    refunded: after.refunded,
    captured: after.amount,
    reason: refund.reason,
  };
  await emit(tx, inItsFlow(after, ctx), [fact(PaymentRefunded, aggregate, data)]);
  return after;
}

interface Refused {
  refund: RefundRow;
  payment: PaymentRow;
  why: string;
}

/**
 * What the system owes is not forgotten when it is refused. A cancellation counts on what staff have asked for already, so
 * that is promised anew; what was the system's own promise waits for staff in a dead letter, one for each payment.
 */
async function keepOwing(tx: Tx, { refund, payment, why }: Refused, ctx: MessageContext): Promise<void> {
  if (await hasLetter(tx, payment.id)) return;
  if (refund.request_hash !== null) {
    const { closed } = await findObstacle(tx, payment.order_id);
    if (closed) await refundTheRest(tx, payment, 'The order was cancelled');
    return;
  }
  const { id: paymentId, order_id: orderId, currency, version } = payment;
  const { amount, reason, attempts } = refund;
  const data = { paymentId, orderId, amount, currency, reason };
  const refused = fact(RefundRefused, { type: 'payment', id: paymentId, version }, data);
  const message = toMessage(inItsFlow(payment, ctx), refused);
  const error = errorText(`The provider refused: ${why}`);
  await keepDeadLetter(tx, { consumer: REFUSED_CONSUMER, eventId: message.id, message, error, attempts });
}

const withPayment = (refund: RefundRow, payment: PaymentRow): DueRefund => ({
  ...refund,
  provider: payment.provider,
  currency: payment.currency,
  correlation_id: payment.correlation_id,
  payment_ref: payment.provider_ref,
});
