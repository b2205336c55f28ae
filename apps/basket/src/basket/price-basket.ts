import { Injectable } from '@nestjs/common';
import type { Basket } from '@order-system/contracts/basket.contracts';
import { LookUpProducts } from '@order-system/contracts/catalog.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import { RpcClient } from '@order-system/messaging/rpc-client';
import { priced, type Products, type StoredBasket } from './basket.rules.js';

/** Asks the catalogue what the products of a basket are, cost, and whether they are there. Never in a transaction. */
@Injectable()
export class PriceBasket {
  constructor(private readonly rpc: RpcClient) {}

  async execute(basket: StoredBasket, ctx: MessageContext): Promise<Basket> {
    return priced(
      basket,
      await this.lookUp(
        basket.items.map((item) => item.productId),
        ctx,
      ),
    );
  }

  async lookUp(ids: string[], ctx: MessageContext): Promise<Products> {
    if (ids.length === 0) return new Map();
    const { products } = await this.rpc.call(LookUpProducts, { ids: [...new Set(ids)] }, ctx);
    return new Map(products.map((product) => [product.id, product]));
  }
}
