import { UserDeleted, UserLoggedIn } from '@order-system/contracts/auth.contracts';
import { OrderCreated } from '@order-system/contracts/orders.contracts';
import { consumer, on } from '@order-system/messaging/consumer';
import { dropBasketsOf, emptyBasket } from './basket.store.js';
import { takeGuestBasket } from './merge-baskets.js';

export const basketOrders = consumer(
  'basket.orders',
  [
    on(OrderCreated, async (tx, { data: { basketId, userId } }) => {
      if (basketId !== undefined) await emptyBasket(tx, { id: basketId, userId });
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
