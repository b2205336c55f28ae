import type { Product } from '@order-system/contracts/catalog.contracts';
import { shopCurrency, toAmount } from '@order-system/contracts/money';
import { GUEST } from '@order-system/contracts/primitives';
import { type MessageContext, systemContext } from '@order-system/messaging/context';
import { RpcClient, type RpcRequest } from '@order-system/messaging/rpc-client';
import type { RpcReply } from '@order-system/messaging/rpc-reply';
import { Database } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { createTestDatabase } from '@order-system/prisma/testing/test-database';
import { AddItem } from './add-item.js';
import { BasketRpc } from './basket.rpc.js';
import { PriceBasket } from './price-basket.js';
import { SetItem } from './set-item.js';

/** A catalogue of a few products, in place of the real service. */
class SmallCatalogue extends RpcClient {
  readonly products = new Map<string, Product>();
  calls = 0;

  add(changes: Partial<Product> = {}): Product {
    const id = newId();
    const product: Product = {
      id,
      sku: `SKU-${id}`,
      name: `Product ${id}`,
      description: '',
      price: 1250,
      currency: shopCurrency(),
      category: 'Things',
      imageUrl: null,
      stock: 10,
      status: 'ACTIVE',
      createdAt: new Date(0),
      updatedAt: new Date(0),
      ...changes,
    };
    this.products.set(id, product);
    return product;
  }

  protected async send({ data }: RpcRequest): Promise<RpcReply> {
    this.calls += 1;
    const { ids } = data as { ids: string[] };
    const products = ids.flatMap((id) => this.products.get(id) ?? []);
    return {
      response: {
        products: products.map((product) => ({
          ...product,
          price: toAmount(product.price),
          createdAt: product.createdAt.toISOString(),
          updatedAt: product.updatedAt.toISOString(),
        })),
      },
    };
  }

  async close(): Promise<void> {
    // Nothing is open.
  }
}

export const aGuest = (): MessageContext => ({ ...systemContext(), actor: GUEST });
export const aUser = (id: string = newId()): MessageContext => ({
  ...systemContext(),
  actor: { id, role: 'user' },
});

/** The service's calls on a migrated database of its own. */
export async function startBaskets() {
  const { url, drop } = await createTestDatabase();
  const db = new Database({ url, service: 'basket', poolSize: 10 });
  const catalogue = new SmallCatalogue();
  const pricing = new PriceBasket(catalogue);
  return {
    db,
    url,
    catalogue,
    baskets: new BasketRpc(db, pricing, new AddItem(db, pricing), new SetItem(db, pricing)),
    stop: async () => {
      await db.close();
      await drop();
    },
  };
}
