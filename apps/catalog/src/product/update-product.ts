import type { UpdateProduct } from '@order-system/contracts/catalog.contracts';
import type { CallInput, CallOutput } from '@order-system/contracts/define';
import type { MessageContext } from '@order-system/messaging/context';
import type { Tx } from '@order-system/prisma/database';
import { catalogConfig } from '../catalog.config.js';
import { change, toProduct } from './product.rules.js';
import { lockProduct, saveProduct } from './product.store.js';

/** Also archives and restores, by `status`. */
export async function updateProduct(
  tx: Tx,
  { id, ...changes }: CallInput<typeof UpdateProduct>,
  ctx: MessageContext,
): Promise<CallOutput<typeof UpdateProduct>> {
  const decision = change(await lockProduct(tx, id), changes, catalogConfig().LOW_STOCK);
  return toProduct(await saveProduct(tx, decision, ctx));
}
