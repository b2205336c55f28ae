import { Injectable } from '@nestjs/common';
import { systemContext } from '@order-system/messaging/context';
import { Database, type Tx } from '@order-system/prisma/database';
import type { Job } from '@order-system/service-host/service';
import type { PaymentProvider } from '../provider/payment-provider.js';
import { Providers } from '../provider/providers.js';
import type { ProviderAnswer } from './payment.rules.js';
import { type PaymentRow, claimChecks, stopChecks } from './payment.store.js';
import { settlePayment } from './settle-payment.js';
import { recordAnswer, toRequest } from './start-payment.js';

const BATCH = 20;
const MINUTE_MS = 60_000;
/** Providers forget idempotency keys after a day. */
const KEY_LASTS_MS = 20 * 60 * MINUTE_MS;
/** By then a call that was under way has reached the provider, or never will. */
const ARRIVED_MS = 10 * MINUTE_MS;

/** Asks the providers about attempts whose answer is not known, and ends those that were given up. */
@Injectable()
export class CheckPayments implements Job {
  readonly everyMs = 1000;

  constructor(
    private readonly db: Database,
    private readonly providers: Providers,
  ) {}

  async run(): Promise<boolean> {
    const due = await claimChecks(this.db, BATCH);
    await Promise.all(due.map((payment) => this.check(payment)));
    // After an outage there are many more; each was leased, so none comes twice.
    return due.length === BATCH;
  }

  private async check({ age_ms: ageMs, ...payment }: PaymentRow & { age_ms: number }): Promise<void> {
    const provider = this.providers.find(payment.provider);
    if (!provider) return;
    const answer = await ask(provider, payment, ageMs);
    await this.db.inTx((tx) => conclude(tx, payment, answer, ageMs));
  }
}

async function ask(provider: PaymentProvider, payment: PaymentRow, ageMs: number): Promise<ProviderAnswer> {
  const attempt = { paymentId: payment.id, providerRef: payment.provider_ref };
  if (payment.status === 'CANCELLED') return provider.cancel(attempt);
  if (payment.status !== 'REQUESTED') return provider.lookUp(attempt);
  if (ageMs < KEY_LASTS_MS) return provider.start(toRequest(payment));
  const answer = await provider.lookUp(attempt);
  if (answer.state !== 'missing') return answer;
  return { state: 'failed', ref: null, message: 'The payment never reached its provider.' };
}

async function conclude(tx: Tx, payment: PaymentRow, answer: ProviderAnswer, ageMs: number): Promise<void> {
  const ctx = systemContext(payment.correlation_id);
  if (payment.status === 'REQUESTED') return void (await recordAnswer(tx, { attempt: payment, answer }, ctx));
  await settlePayment(tx, { provider: payment.provider, paymentId: payment.id, answer }, ctx);
  const isOver =
    answer.state === 'cancelled' ||
    answer.state === 'failed' ||
    (answer.state === 'missing' && ageMs > ARRIVED_MS);
  if (payment.status === 'CANCELLED' && isOver) await stopChecks(tx, payment);
}
