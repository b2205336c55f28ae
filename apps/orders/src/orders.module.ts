import { Module } from '@nestjs/common';
import { sql } from '@order-system/prisma/sql';
import { oneCurrency } from '@order-system/service-host/one-currency';
import { defineService } from '@order-system/service-host/service';
import { ExpireOrders } from './order/expire-orders.job.js';
import { orderPayments, orderUsers } from './order/order.consumer.js';
import { OrderRpc } from './order/order.rpc.js';
import { OrderPaying } from './order/pay-order.js';
import { OrderPlacing } from './order/place-order.js';
import { PaymentMethods } from './order/payment-methods.js';
import { PrunePlacements } from './order/prune-placements.job.js';
import { StartQuotedPayments } from './order/start-quoted-payments.job.js';
import { ORDERS_CONFIG, readOrdersConfig } from './orders.config.js';

@Module({
  controllers: [OrderRpc],
  providers: [
    { provide: ORDERS_CONFIG, useFactory: () => readOrdersConfig() },
    OrderPlacing,
    OrderPaying,
    PaymentMethods,
  ],
})
class OrdersModule {}

export const orders = defineService({
  name: 'orders',
  module: OrdersModule,
  consumers: [orderPayments, orderUsers],
  jobs: [ExpireOrders, PrunePlacements, StartQuotedPayments],
  startUp: [oneCurrency(sql`SELECT currency FROM orders."order" ORDER BY id DESC LIMIT 1`)],
});
