import { Injectable } from '@nestjs/common';
import type { CallInput, CallOutput } from '@order-system/contracts/define';
import { DomainError } from '@order-system/contracts/errors';
import { shopCurrency } from '@order-system/contracts/money';
import {
  PaymentStarted,
  type StartPayment as StartCall,
  providerOf,
} from '@order-system/contracts/payments.contracts';
import { type MessageContext, systemContext } from '@order-system/messaging/context';
import { crashPoint } from '@order-system/messaging/crash-point';
import { emit, fact } from '@order-system/messaging/outbox';
import { Database, type Statements, type Tx } from '@order-system/prisma/database';
import type { PaymentProvider, StartRequest } from '../provider/payment-provider.js';
import { Providers } from '../provider/providers.js';
import { isLive, type ProviderAnswer } from './payment.rules.js';
import {
  type NewAttempt,
  type PaymentRow,
  findObstacle,
  findPayment,
  findSpared,
  insertAttempt,
  saveLateOpening,
  saveOpening,
  toStarted,
} from './payment.store.js';
import { factOf, settlePayment } from './settle-payment.js';

type Input = CallInput<typeof StartCall>;

/** Commits the intent under the provider's key, asks the provider, commits the answer. */
@Injectable()
export class StartPayment {
  constructor(
    private readonly db: Database,
    private readonly providers: Providers,
  ) {}

  async execute(input: Input, ctx: MessageContext): Promise<CallOutput<typeof StartCall>> {
    const provider = this.providers.get(providerOf(input.method));
    for (let round = 1; round <= MOST_TRIES; round += 1) {
      // A statement is a transaction of its own: this one is committed when it returns.
      const attempt = await openAttempt(this.db, input, ctx);
      crashPoint('payments.key_saved_before_call');
      const isOwn = attempt.id === input.paymentId;
      const now = isOwn ? await this.begin(provider, attempt, ctx) : await this.confirm(attempt);
      if (isOwn || isLive(now.status)) return toStarted(now);
      // The other one has ended at its provider meanwhile: the next round starts this one, or says that it was paid.
    }
    throw startedMeanwhile();
  }

  private async begin(
    provider: PaymentProvider,
    attempt: PaymentRow,
    ctx: MessageContext,
  ): Promise<PaymentRow> {
    if (attempt.status !== 'REQUESTED') return attempt;
    const answer = await provider.start(toRequest(attempt));
    crashPoint('payments.called_before_save');
    return this.db.inTx((tx) => recordAnswer(tx, { attempt, answer }, ctx));
  }

  /** Somebody else's attempt, as its provider knows it now: its webhook may be on the way still. */
  private async confirm(attempt: PaymentRow): Promise<PaymentRow> {
    const ctx = systemContext(attempt.correlation_id);
    const provider = this.providers.get(attempt.provider);
    if (attempt.status === 'REQUESTED') return this.begin(provider, attempt, ctx);
    const { id: paymentId, provider_ref: providerRef } = attempt;
    const answer = await provider.lookUp({ paymentId, providerRef });
    return this.db.inTx((tx) => recordAnswer(tx, { attempt, answer }, ctx));
  }
}

const MOST_TRIES = 5;

const startedMeanwhile = (): DomainError =>
  new DomainError('STALE_WRITE', 'Another payment of the order was started at the same time.');

/** The attempt of this payment id, a new one or the one of the first time; or the one that is left in its place. */
async function openAttempt(db: Statements, input: Input, ctx: MessageContext): Promise<PaymentRow> {
  const wanted = toAttempt(input, ctx);
  const { ifLive = 'END' } = input;
  for (let attempt = 1; attempt <= MOST_TRIES; attempt += 1) {
    const made = await insertAttempt(db, wanted, ifLive);
    if (made) return made;
    const known = await findPayment(db, wanted.id);
    if (known) return sameAttempt(known, wanted);
    const { closed, paid, undecided } = await findObstacle(db, wanted.order_id);
    if (paid) throw new DomainError('ALREADY_PAID', 'The order is already paid.');
    if (closed) throw new DomainError('NOT_PAYABLE', 'The order takes no payment any more.');
    const spared = await findSpared(db, wanted, ifLive);
    if (spared) return spared;
    if (undecided) throw new DomainError('STALE_WRITE', 'The order is being charged; ask again shortly.');
    // Another attempt of the order opened at this very moment: the next try gives that one up.
  }
  throw startedMeanwhile();
}

function sameAttempt(known: PaymentRow, wanted: NewAttempt): PaymentRow {
  const fields = ['order_id', 'user_id', 'provider', 'flow', 'amount', 'currency', 'method_id'] as const;
  if (fields.every((field) => known[field] === wanted[field])) return known;
  throw new DomainError('IDEMPOTENCY_KEY_REUSED', 'The payment id was used for another payment.');
}

/** What the provider said, unless the attempt has moved on meanwhile. */
export async function recordAnswer(
  tx: Tx,
  { attempt, answer }: { attempt: PaymentRow; answer: ProviderAnswer },
  ctx: MessageContext,
): Promise<PaymentRow> {
  if (answer.state !== 'open') {
    const settled = await settlePayment(
      tx,
      { provider: attempt.provider, paymentId: attempt.id, answer },
      ctx,
    );
    return 'payment' in settled ? settled.payment : attempt;
  }
  const opened = await saveOpening(tx, attempt.id, answer);
  if (opened) {
    const aggregate = { type: 'payment', id: opened.id, version: opened.version };
    const link = opened.payment_url === null ? {} : { paymentUrl: opened.payment_url };
    await emit(tx, ctx, [fact(PaymentStarted, aggregate, { ...factOf(opened), ...link })]);
    return opened;
  }
  await saveLateOpening(tx, attempt.id, answer.ref);
  return (await findPayment(tx, attempt.id)) ?? attempt;
}

const toAttempt = (input: Input, ctx: MessageContext): NewAttempt => ({
  id: input.paymentId,
  order_id: input.orderId,
  user_id: input.userId,
  provider: providerOf(input.method),
  flow: input.flow === 'BACKEND' ? 'BACKEND' : 'FRONTEND',
  amount: input.amount,
  currency: shopCurrency(),
  method_id: input.paymentMethodId ?? null,
  correlation_id: ctx.correlationId,
});

export const toRequest = (attempt: PaymentRow): StartRequest => ({
  paymentId: attempt.id,
  orderId: attempt.order_id,
  amount: attempt.amount,
  currency: attempt.currency,
  flow: attempt.flow,
  methodId: attempt.method_id,
});
