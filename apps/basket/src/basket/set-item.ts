import { Injectable } from '@nestjs/common';
import type { Basket, SetBasketItem } from '@order-system/contracts/basket.contracts';
import type { CallInput } from '@order-system/contracts/define';
import { notFound } from '@order-system/contracts/errors';
import type { MessageContext } from '@order-system/messaging/context';
import { Database } from '@order-system/prisma/database';
import { onSale, tooMany } from './basket.rules.js';
import { readBasket, setLine } from './basket.store.js';
import { PriceBasket } from './price-basket.js';

@Injectable()
export class SetItem {
  constructor(
    private readonly db: Database,
    private readonly pricing: PriceBasket,
  ) {}

  async execute(
    { id, productId, quantity }: CallInput<typeof SetBasketItem>,
    ctx: MessageContext,
  ): Promise<Basket> {
    const access = { id, userId: ctx.actor.id };
    const { items } = await readBasket(this.db, access);
    if (!items.some((item) => item.productId === productId)) throw notFound('item');
    const product = onSale(await this.pricing.lookUp([productId], ctx), productId);
    if (quantity > product.stock) throw tooMany(product, quantity);
    const { isDone, basket } = await setLine(this.db, access, { productId, quantity });
    if (!isDone) throw notFound('item');
    return this.pricing.execute(basket, ctx);
  }
}
