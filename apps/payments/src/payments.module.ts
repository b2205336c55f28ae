import { Module } from '@nestjs/common';
import { Database } from '@order-system/prisma/database';
import { Clock } from '@order-system/service-host/clock';
import { sql } from '@order-system/prisma/sql';
import { oneCurrency } from '@order-system/service-host/one-currency';
import { defineService } from '@order-system/service-host/service';
import { CheckPayments } from './payment/check-payments.job.js';
import { FinishRefunds } from './payment/finish-refunds.job.js';
import { paymentOrders, refusedRefunds } from './payment/payment.consumer.js';
import { PaymentRpc } from './payment/payment.rpc.js';
import { RefundPayment } from './payment/refund-payment.js';
import { StartPayment } from './payment/start-payment.js';
import { PAYMENTS_CONFIG, type PaymentsConfig, readPaymentsConfig } from './payments.config.js';
import { Providers } from './provider/providers.js';
import { SandboxProvider } from './provider/sandbox.provider.js';
import { Courier } from './sandbox/courier.js';
import { DeliverWebhooks } from './sandbox/deliver-webhooks.job.js';
import { SandboxRpc } from './sandbox/sandbox.rpc.js';
import { ApplyWebhook } from './webhook/apply-webhook.js';
import { ApplyWebhooks } from './webhook/apply-webhooks.job.js';
import { PruneWebhooks } from './webhook/prune-webhooks.job.js';
import { ReceiveWebhook } from './webhook/receive-webhook.js';
import { WebhookRpc } from './webhook/webhook.rpc.js';

@Module({
  controllers: [PaymentRpc, WebhookRpc, SandboxRpc],
  providers: [
    { provide: PAYMENTS_CONFIG, useFactory: () => readPaymentsConfig() },
    {
      provide: Courier,
      inject: [Database, PAYMENTS_CONFIG, Clock],
      useFactory: (db: Database, { webhookUrl, sandboxSecrets }: PaymentsConfig, clock: Clock) =>
        new Courier(db, { url: webhookUrl, secret: sandboxSecrets[0] ?? '', now: () => clock.now() }),
    },
    {
      provide: Providers,
      inject: [Database, Courier, PAYMENTS_CONFIG, Clock],
      useFactory: (
        db: Database,
        courier: Courier,
        { publicUrl, sandboxSecrets }: PaymentsConfig,
        clock: Clock,
      ) =>
        new Providers([
          new SandboxProvider(db, courier, { publicUrl, secrets: sandboxSecrets, now: () => clock.now() }),
        ]),
    },
    StartPayment,
    RefundPayment,
    ApplyWebhook,
    ReceiveWebhook,
  ],
})
class PaymentsModule {}

export const payments = defineService({
  name: 'payments',
  module: PaymentsModule,
  consumers: [paymentOrders, refusedRefunds],
  jobs: [CheckPayments, FinishRefunds, ApplyWebhooks, DeliverWebhooks, PruneWebhooks],
  startUp: [oneCurrency(sql`SELECT currency FROM payments.payment ORDER BY id DESC LIMIT 1`)],
});
