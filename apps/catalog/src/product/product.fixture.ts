import type { CreateProduct, Product } from '@order-system/contracts/catalog.contracts';
import type { CallInput } from '@order-system/contracts/define';
import { type MessageContext, systemContext } from '@order-system/messaging/context';
import { Database } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { createTestDatabase } from '@order-system/prisma/testing/test-database';
import { createProduct } from './create-product.js';

/** A migrated database of its own, reached as the catalogue reaches it. */
export async function startCatalogDatabase(): Promise<{ db: Database; url: string; stop(): Promise<void> }> {
  const { url, drop } = await createTestDatabase();
  const db = new Database({ url, service: 'catalog', poolSize: 10 });
  return {
    db,
    url,
    stop: async () => {
      await db.close();
      await drop();
    },
  };
}

export const anAdmin = (): MessageContext => ({ ...systemContext(), actor: { id: newId(), role: 'admin' } });

export function givenProduct(
  db: Database,
  fields: Partial<CallInput<typeof CreateProduct>> = {},
): Promise<Product> {
  const id = newId();
  const product = {
    sku: `SKU-${id}`,
    name: `Product ${id}`,
    description: '',
    price: 1250,
    category: 'Things',
    imageUrl: null,
    stock: 10,
    ...fields,
  };
  return db.inTx((tx) => createProduct(tx, product, systemContext()));
}

export interface Shelf {
  onHand: number;
  reserved: number;
}

export async function shelfOf(db: Database, id: string): Promise<Shelf> {
  const [shelf] = await db.query<Shelf>(
    sql`SELECT on_hand AS "onHand", reserved FROM catalog.product WHERE id = ${id}`,
  );
  return shelf!;
}

export interface Entry extends Shelf {
  reason: string;
  quantity: number;
  orderId: string | null;
}

export const ledgerOf = (db: Database, id: string): Promise<Entry[]> =>
  db.query<Entry>(sql`
    SELECT reason, quantity, on_hand AS "onHand", reserved, order_id AS "orderId"
    FROM catalog.stock_movement WHERE product_id = ${id} ORDER BY created_at, id`);

export const eventsOf = (db: Database, id: string) =>
  db.query<{ type: string; version: number; data: Record<string, unknown> }>(sql`
    SELECT type, aggregate_version AS version, data FROM events.event
    WHERE aggregate_id = ${id} ORDER BY aggregate_version`);
