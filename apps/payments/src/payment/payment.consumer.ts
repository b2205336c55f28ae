import { OrderCancelled } from '@order-system/contracts/orders.contracts';
import { consumer, on } from '@order-system/messaging/consumer';
import { closeOrder } from './close-order.js';
import { refundAgain } from './refund-again.js';
import { REFUSED_CONSUMER, RefundRefused } from './refused-refund.js';

export const paymentOrders = consumer('payments.orders', [
  on(OrderCancelled, (tx, { data: { orderId } }) => closeOrder(tx, orderId)),
]);

/** Takes dead letters that are redriven. */
export const refusedRefunds = consumer(REFUSED_CONSUMER, [
  on(RefundRefused, (tx, { data }) => refundAgain(tx, data)),
]);
