import { OrderCreated } from '@order-system/contracts/orders.contracts';
import { consumer, on } from '@order-system/messaging/consumer';
import { insertRoom } from './room.store.js';

/** Every order gets its room. */
export const chatOrders = consumer(
  'chat.orders',
  [
    on(OrderCreated, async (tx, { data: { orderId, number, userId, createdAt } }) => {
      await insertRoom(tx, { orderId, orderNumber: number, userId, createdAt });
    }),
  ],
  { replayable: true, patienceMs: 50 },
);
