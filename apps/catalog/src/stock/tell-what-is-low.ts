import type { MessageContext } from '@order-system/messaging/context';
import type { Tx } from '@order-system/prisma/database';
import { fallsLow, lowStockOf } from '../product/product.rules.js';
import { tell } from '../product/product.store.js';
import { nextVersions } from './stock.store.js';

interface Taken {
  productId: string;
  quantity: number;
  /** Before it was taken. */
  available: number;
}

/** Says which products have just become scarce. Their rows are locked by whoever took from them. */
export async function tellWhatIsLow(
  tx: Tx,
  taken: readonly Taken[],
  lowStock: number,
  ctx: MessageContext,
): Promise<void> {
  const low = taken
    .filter(({ available, quantity }) => fallsLow(available, available - quantity, lowStock))
    .map(({ productId }) => productId);
  if (low.length === 0) return;
  const products = await nextVersions(tx, low);
  const news = products.map((product) => ({
    id: product.id,
    version: product.version - 1,
    said: [lowStockOf(product)],
  }));
  await tell(tx, ctx, news);
}
