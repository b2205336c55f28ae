import type { RestockProduct } from '@order-system/contracts/catalog.contracts';
import type { CallInput, CallOutput } from '@order-system/contracts/define';
import type { MessageContext } from '@order-system/messaging/context';
import type { Tx } from '@order-system/prisma/database';
import { restock, toProduct } from './product.rules.js';
import { lockProduct, saveProduct } from './product.store.js';

export async function restockProduct(
  tx: Tx,
  { id, quantity, reason }: CallInput<typeof RestockProduct>,
  ctx: MessageContext,
): Promise<CallOutput<typeof RestockProduct>> {
  const decision = restock(await lockProduct(tx, id), quantity, reason ?? null);
  return toProduct(await saveProduct(tx, decision, ctx));
}
