import { DomainError } from '@order-system/contracts/errors';
import type { PaymentProviderName } from '@order-system/contracts/payments.contracts';
import { logger } from '@order-system/observability/logger';
import type { PaymentProvider } from './payment-provider.js';

const log = logger('payments.provider');

/** Less than what a request may take: whoever waits is told that the outcome is not known yet. */
const PATIENCE_MS = 5000;

/** The providers that are set up here. What an adapter throws, or does not answer in time, is an answer: `unknown`. */
export class Providers {
  private readonly known: ReadonlyMap<PaymentProviderName, PaymentProvider>;

  constructor(providers: readonly PaymentProvider[], patienceMs = PATIENCE_MS) {
    this.known = new Map(providers.map((provider) => [provider.name, guarded(provider, patienceMs)]));
  }

  names(): PaymentProviderName[] {
    return [...this.known.keys()];
  }

  find(name: PaymentProviderName): PaymentProvider | undefined {
    return this.known.get(name);
  }

  /** Throws PAYMENT_METHOD_UNAVAILABLE. */
  get(name: PaymentProviderName): PaymentProvider {
    const provider = this.known.get(name);
    if (provider) return provider;
    throw new DomainError('PAYMENT_METHOD_UNAVAILABLE', `${name} is not set up here.`, {
      available: this.names(),
    });
  }
}

function guarded(provider: PaymentProvider, patienceMs: number): PaymentProvider {
  const unknownOn = async <T>(step: string, call: () => Promise<T>) => {
    try {
      return await within(patienceMs, call());
    } catch (error) {
      log.error({ err: error, provider: provider.name, step }, 'the payment provider did not answer');
      return { state: 'unknown' as const, reason: error instanceof Error ? error.message : String(error) };
    }
  };
  return {
    name: provider.name,
    start: (request) => unknownOn('start', () => provider.start(request)),
    lookUp: (attempt) => unknownOn('lookUp', () => provider.lookUp(attempt)),
    cancel: (attempt) => unknownOn('cancel', () => provider.cancel(attempt)),
    refund: (request) => unknownOn('refund', () => provider.refund(request)),
    isGenuine: (webhook) => provider.isGenuine(webhook),
    parseWebhook: (body) => provider.parseWebhook(body),
  };
}

/** What comes later is not listened to: it is asked for again, under the same key. */
async function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), ms);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
