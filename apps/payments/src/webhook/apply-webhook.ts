import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { PaymentProviderName } from '@order-system/contracts/payments.contracts';
import { systemContext } from '@order-system/messaging/context';
import { logger } from '@order-system/observability/logger';
import { Database, type Tx } from '@order-system/prisma/database';
import { Lane } from '../lane.js';
import { type Settled, settlePayment } from '../payment/settle-payment.js';
import type { ProviderEvent } from '../provider/payment-provider.js';
import { Providers } from '../provider/providers.js';
import { retryDelayMs } from '../retry-delay.js';
import { markApplied, postpone } from './webhook.store.js';

const log = logger('payments.webhook');
const WIDTH = 8;
const LONGEST_QUEUE = 2000;
const HOUR_MS = 3_600_000;
/** A webhook is given up when it is as old as that, and was tried as often: it may have waited because we were away. */
const GIVE_UP_MS = 24 * HOUR_MS;
const GIVE_UP_ATTEMPTS = 12;

export interface Received {
  provider: PaymentProviderName;
  event: ProviderEvent;
  attempts: number;
  ageMs: number;
}

/** A webhook only says: go and look. What counts is what the provider answers when it is asked. */
@Injectable()
export class ApplyWebhook implements OnModuleDestroy {
  private readonly lane = new Lane<Received>((received) => this.execute(received), {
    width: WIDTH,
    longest: LONGEST_QUEUE,
    onError: (error) => log.warn({ err: error }, 'a webhook could not be applied and will be tried again'),
  });

  constructor(
    private readonly db: Database,
    private readonly providers: Providers,
  ) {}

  /** Resolves after the try, whatever its outcome. */
  hand(received: Received): Promise<void> {
    return this.lane.push(received);
  }

  onModuleDestroy(): Promise<void> {
    return this.lane.close();
  }

  private async execute({ provider, event, attempts, ageMs }: Received): Promise<void> {
    const { about } = event;
    const webhook = { provider, id: event.id };
    if (!about) return void (await this.db.execute(markApplied(webhook, 'ignored')));
    const answer = await this.providers.get(provider).lookUp(about);
    const apply = async (tx: Tx) => {
      const input = { provider, paymentId: about.paymentId, answer, claim: about.claim };
      const outcome = await settlePayment(tx, input, systemContext());
      if (isDecided(outcome)) tx.defer(() => markApplied(webhook, describe(outcome)));
      return outcome;
    };
    // The webhook is stored: what a crash takes back is applied again.
    const settled = await this.db.inTx(apply, { durable: false });
    if (isDecided(settled)) return;
    const facts = { webhook: event.id, provider, attempts, outcome: settled.outcome };
    if (ageMs > GIVE_UP_MS && attempts >= GIVE_UP_ATTEMPTS) {
      log.error(facts, 'a webhook is given up');
      await this.db.execute(markApplied(webhook, `given up: ${settled.outcome}`));
      return;
    }
    if (ageMs > HOUR_MS) log.error(facts, 'a webhook waits for more than an hour');
    await postpone(this.db, webhook, retryDelayMs(attempts), settled.outcome);
  }
}

const isDecided = ({ outcome }: Settled): boolean => outcome !== 'waiting' && outcome !== 'unknown-payment';

const describe = (settled: Settled): string =>
  settled.outcome === 'mismatch' ? `mismatch: ${settled.reason}` : settled.outcome;
