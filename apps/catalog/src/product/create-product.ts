import type { CreateProduct } from '@order-system/contracts/catalog.contracts';
import type { CallInput, CallOutput } from '@order-system/contracts/define';
import { shopCurrency } from '@order-system/contracts/money';
import type { MessageContext } from '@order-system/messaging/context';
import type { Tx } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { toProduct } from './product.rules.js';
import { insertProducts } from './product.store.js';

export async function createProduct(
  tx: Tx,
  { stock, ...fields }: CallInput<typeof CreateProduct>,
  ctx: MessageContext,
): Promise<CallOutput<typeof CreateProduct>> {
  const product = { ...fields, id: newId(), currency: shopCurrency(), onHand: stock };
  const [stored] = await insertProducts(tx, [product], ctx);
  return toProduct(stored!);
}
