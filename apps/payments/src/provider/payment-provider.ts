import type { PaymentProviderName } from '@order-system/contracts/payments.contracts';
import type { Claim, ProviderAnswer } from '../payment/payment.rules.js';

/** Amounts are minor units of the currency; adapters write them as their provider wants them. */
export interface StartRequest {
  /** Ours. The provider's idempotency key, and kept at the provider with the attempt. */
  paymentId: string;
  orderId: string;
  amount: number;
  currency: string;
  /** FRONTEND: the customer pays at a link or with a client secret. BACKEND: `methodId` is charged at once. */
  flow: 'FRONTEND' | 'BACKEND';
  methodId: string | null;
}

export interface AttemptRef {
  paymentId: string;
  /** Null when the provider's answer never arrived: then the attempt is found by our id. */
  providerRef: string | null;
}

export interface RefundRequest extends AttemptRef {
  /** Ours, the provider's idempotency key. */
  refundId: string;
  amount: number;
  currency: string;
  reason: string | null;
}

export type RefundAnswer =
  | { state: 'refunded'; ref: string }
  | { state: 'refused'; reason: string }
  | { state: 'unknown'; reason: string };

export interface ProviderEvent {
  /** The provider's own; the same again when it delivers again. */
  id: string;
  type: string;
  /** Null for what does not concern a payment of ours. */
  about: (AttemptRef & { claim: Claim }) | null;
}

export interface WebhookRequest {
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
  /** The very bytes that were signed. */
  body: Uint8Array;
}

/**
 * The one way to a payment provider. A call that ends badly, or not at all, is an answer (`unknown`), not an
 * exception: nobody knows then whether money moved. The same key again must give the same answer.
 */
export interface PaymentProvider {
  readonly name: PaymentProviderName;
  start(request: StartRequest): Promise<ProviderAnswer>;
  lookUp(attempt: AttemptRef): Promise<ProviderAnswer>;
  /** Makes it impossible to pay; answers what became of it, which may be that it was captured before. */
  cancel(attempt: AttemptRef): Promise<ProviderAnswer>;
  refund(request: RefundRequest): Promise<RefundAnswer>;
  isGenuine(webhook: WebhookRequest): Promise<boolean>;
  /** Reads a body that is genuine; undefined when it makes no sense. */
  parseWebhook(body: string): ProviderEvent | undefined;
}
