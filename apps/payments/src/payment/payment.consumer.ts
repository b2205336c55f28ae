import { OrderCancelled } from '@order-system/contracts/orders.contracts';
import { consumer, on } from '@order-system/messaging/consumer';
import { closeOrder } from './close-order.js';

export const orderEnds = consumer('payments.orders', [
  on(OrderCancelled, (tx, event, ctx) => closeOrder(tx, { orderId: event.data.orderId }, ctx)),
]);
