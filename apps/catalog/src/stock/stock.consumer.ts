import { OrderCancelled, OrderCreated, OrderUpdated } from '@order-system/contracts/orders.contracts';
import { consumer, on } from '@order-system/messaging/consumer';
import { followOrder } from './follow-order.js';

/** Events may come late or in another order than they happened: the reservation's own state decides what they do. */
export const catalogOrders = consumer(
  'catalog.orders',
  [
    on(OrderCreated, (tx, { data: { orderId } }, ctx) => followOrder(tx, { orderId, fate: 'known' }, ctx)),
    on(OrderUpdated, async (tx, { data: { orderId, previousStatus, status } }, ctx) => {
      const isPaid = previousStatus === 'PENDING' && (status === 'PROCESSING' || status === 'REVIEW');
      if (isPaid) await followOrder(tx, { orderId, fate: 'paid' }, ctx);
    }),
    on(OrderCancelled, (tx, { data: { orderId } }, ctx) =>
      followOrder(tx, { orderId, fate: 'cancelled' }, ctx),
    ),
  ],
  { patienceMs: 50 },
);
