import { Injectable } from '@nestjs/common';
import { DomainError } from '@order-system/contracts/errors';
import { ListPaymentMethods, type PaymentProviderName } from '@order-system/contracts/payments.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import { RpcClient } from '@order-system/messaging/rpc-client';
import { logger } from '@order-system/observability/logger';

const log = logger('orders');
const FRESH_MS = 30_000;

/** Which providers are set up: asked of payments now and then, not for every order. */
@Injectable()
export class PaymentMethods {
  private known: { methods: PaymentProviderName[]; until: number } | undefined;

  constructor(private readonly rpc: RpcClient) {}

  /** Throws PAYMENT_METHOD_UNAVAILABLE. */
  async refuseUnlessSetUp(provider: PaymentProviderName, ctx: MessageContext): Promise<void> {
    // Built in, so its orders need no answer from payments, which may be down.
    if (provider === 'SANDBOX') return;
    const available = await this.methods(ctx);
    if (!available.includes(provider))
      throw new DomainError('PAYMENT_METHOD_UNAVAILABLE', `${provider} is not set up here.`, { available });
  }

  private async methods(ctx: MessageContext): Promise<PaymentProviderName[]> {
    const now = performance.now();
    if (this.known && now < this.known.until) return this.known.methods;
    try {
      const { methods } = await this.rpc.call(ListPaymentMethods, {}, ctx);
      this.known = { methods, until: now + FRESH_MS };
    } catch (err) {
      if (!this.known) throw err;
      log.warn({ err, correlationId: ctx.correlationId }, 'the payment methods are those of a while ago');
    }
    return this.known.methods;
  }
}
