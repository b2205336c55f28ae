import { Module } from '@nestjs/common';
import { defineService } from '@order-system/service-host/service';
import { AddItem } from './basket/add-item.js';
import { basketOrders, basketUsers } from './basket/basket.consumer.js';
import { BasketRpc } from './basket/basket.rpc.js';
import { PruneBaskets } from './basket/prune-baskets.job.js';
import { GiveBackLapsed } from './basket/give-back-lapsed.job.js';
import { PriceBasket } from './basket/price-basket.js';
import { SetItem } from './basket/set-item.js';

@Module({ controllers: [BasketRpc], providers: [PriceBasket, AddItem, SetItem] })
class BasketModule {}

export const basket = defineService({
  name: 'basket',
  module: BasketModule,
  consumers: [basketOrders, basketUsers],
  jobs: [PruneBaskets, GiveBackLapsed],
});
