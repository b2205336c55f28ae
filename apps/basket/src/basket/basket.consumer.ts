import { UserDeleted, UserLoggedIn } from '@order-system/contracts/auth.contracts';
import { OrderCreated } from '@order-system/contracts/orders.contracts';
import { consumer, on } from '@order-system/messaging/consumer';
import { dropBasketsOf } from './basket.store.js';
import { forgetCheckout, removeOrdered } from './checkout.store.js';
import { takeGuestBasket } from './merge-baskets.js';

export const basketOrders = consumer(
  'basket.orders',
  [
    on(OrderCreated, async (tx, { data: { orderId, basketId, userId, createdAt } }) => {
      if (basketId === undefined || (await forgetCheckout(tx, orderId))) return;
      await removeOrdered(tx, { id: basketId, userId }, createdAt);
    }),
  ],
  { patienceMs: 20 },
);

export const basketUsers = consumer('basket.users', [
  on(UserLoggedIn, async (tx, { data: { basketId, userId } }) => {
    if (basketId !== undefined) await takeGuestBasket(tx, { basketId, userId });
  }),
  on(UserDeleted, (tx, { data: { userId } }) => dropBasketsOf(tx, userId)),
]);
