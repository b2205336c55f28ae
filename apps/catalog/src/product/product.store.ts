import { ProductCreated } from '@order-system/contracts/catalog.contracts';
import { DomainError, notFound } from '@order-system/contracts/errors';
import type { MessageContext } from '@order-system/messaging/context';
import { emit, fact } from '@order-system/messaging/outbox';
import type { Tx } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { isDuplicate } from '@order-system/prisma/sql-errors';
import { type Decision, productFact, type Said, type StoredProduct } from './product.rules.js';

type NewProduct = Omit<StoredProduct, 'reserved' | 'status' | 'version' | 'createdAt' | 'updatedAt'>;

/** Writes new products with the first entries of their ledgers; one whose SKU is taken is SKU_TAKEN. */
export async function insertProducts(
  tx: Tx,
  products: NewProduct[],
  ctx: MessageContext,
): Promise<StoredProduct[]> {
  const rows = products.map((product) => ({ ...product, movementId: newId() }));
  const [written] = await refuseTakenSku(() =>
    tx.query<{ now: Date }>(sql`
      WITH given AS (
        SELECT * FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS g(id uuid, sku text, name text,
          description text, price int, currency text, category text, "imageUrl" text, "onHand" int, "movementId" uuid)
      ), product AS (
        INSERT INTO catalog.product (id, sku, name, description, price, currency, category, image_url, on_hand)
        SELECT id, sku, name, description, price, currency, category, "imageUrl", "onHand" FROM given
      ), movement AS (
        INSERT INTO catalog.stock_movement (id, product_id, reason, quantity, on_hand, reserved, by)
        SELECT "movementId", id, 'INITIAL', "onHand", "onHand", 0, ${ctx.actor.id}::uuid FROM given
      )
      SELECT now()::timestamptz(3) AS now`),
  );
  const now = written!.now;
  const stored = products.map((product): StoredProduct => ({
    ...product,
    reserved: 0,
    status: 'ACTIVE',
    version: 1,
    createdAt: now,
    updatedAt: now,
  }));
  await emit(
    tx,
    ctx,
    stored.map((product) => fact(ProductCreated, aggregateOf(product), productFact(product))),
  );
  return stored;
}

const aggregateOf = ({ id, version }: { id: string; version: number }) => ({ type: 'product', id, version });

export const PRODUCT_COLUMNS = sql`id, sku, name, description, price, currency, category, image_url AS "imageUrl",
  on_hand AS "onHand", reserved, status, version, created_at AS "createdAt", updated_at AS "updatedAt"`;

/** The product as it is, and nobody else's to change until the transaction ends. */
export async function lockProduct(tx: Tx, id: string): Promise<StoredProduct> {
  const product = await tx.one<StoredProduct>(sql`
    SELECT ${PRODUCT_COLUMNS} FROM catalog.product WHERE id = ${id} FOR UPDATE`);
  if (!product) throw notFound('product');
  return product;
}

/** Writes a decision about a locked product: its row, its ledger, its events. */
export async function saveProduct(
  tx: Tx,
  { before, after, movement, said }: Decision,
  ctx: MessageContext,
): Promise<StoredProduct> {
  if (said.length === 0) return before;
  const version = before.version + said.length;
  const saved = await refuseTakenSku(() =>
    tx.one<{ updatedAt: Date }>(sql`
      UPDATE catalog.product SET sku = ${after.sku}, name = ${after.name}, description = ${after.description},
        price = ${after.price}, category = ${after.category}, image_url = ${after.imageUrl}, status = ${after.status},
        on_hand = ${after.onHand}, version = ${version}, updated_at = now()
      WHERE id = ${before.id} RETURNING updated_at AS "updatedAt"`),
  );
  if (movement)
    await tx.execute(sql`
      INSERT INTO catalog.stock_movement (id, product_id, reason, quantity, on_hand, reserved, note, by, created_at)
      VALUES (${newId()}, ${before.id}, ${movement.reason}, ${movement.quantity}, ${after.onHand}, ${after.reserved},
        ${movement.note}, ${ctx.actor.id}, clock_timestamp())`);
  await tell(tx, ctx, [{ id: before.id, version: before.version, said }]);
  return { ...after, version, updatedAt: saved!.updatedAt };
}

/** Events of several products; each takes the next versions after the one given. */
export async function tell(
  tx: Tx,
  ctx: MessageContext,
  news: { id: string; version: number; said: Said[] }[],
): Promise<void> {
  const facts = news.flatMap(({ id, version, said }) =>
    said.map(({ event, data }, index) =>
      fact(event, aggregateOf({ id, version: version + index + 1 }), data),
    ),
  );
  await emit(tx, ctx, facts);
}

async function refuseTakenSku<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!isDuplicate(error, 'product_sku_key')) throw error;
    throw new DomainError('SKU_TAKEN', 'Another product has this SKU.', {
      errors: [{ path: 'sku', message: 'is taken' }],
    });
  }
}
