import { shopCurrency, toMinor } from '@order-system/contracts/money';
import type { MessageContext } from '@order-system/messaging/context';
import type { Tx } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { insertProducts } from '../product/product.store.js';
import { DEMO_PRODUCTS } from './demo-products.js';

const FILLING = 7_316_404;

/** Puts the demo products into a catalogue that has none; how many were put in. */
export async function fillCatalogue(tx: Tx, ctx: MessageContext): Promise<number> {
  // Several instances start at once; the second one finds the first one's products.
  await tx.execute(sql`SELECT pg_advisory_xact_lock(${FILLING})`);
  const [found] = await tx.query<{ some: boolean }>(sql`SELECT EXISTS (SELECT FROM catalog.product) AS some`);
  if (found?.some) return 0;
  const products = DEMO_PRODUCTS.map(({ price, stock, ...product }) => ({
    ...product,
    id: newId(),
    // A currency may have no decimals.
    price: toMinor(price) ?? toMinor(Math.ceil(price)) ?? 0,
    currency: shopCurrency(),
    imageUrl: null,
    onHand: stock,
  }));
  return (await insertProducts(tx, products, ctx)).length;
}
