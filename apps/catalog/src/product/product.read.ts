import type {
  ListCategories,
  ListMovements,
  MovementReason,
  SearchProducts,
} from '@order-system/contracts/catalog.contracts';
import type { CallInput, CallOutput } from '@order-system/contracts/define';
import { notFound } from '@order-system/contracts/errors';
import type { Database } from '@order-system/prisma/database';
import { allOf, type Sql, sql, wordsLike } from '@order-system/prisma/sql';
import type { z } from 'zod';
import { type StoredProduct, toProduct } from './product.rules.js';
import { PRODUCT_COLUMNS } from './product.store.js';

/** Those of the products that exist, archived ones too. */
export const readProducts = (db: Database, ids: string[]): Promise<StoredProduct[]> =>
  db.query<StoredProduct>(sql`SELECT ${PRODUCT_COLUMNS} FROM catalog.product WHERE id = ANY(${ids}::uuid[])`);

type Search = CallInput<typeof SearchProducts>;
type Reason = z.output<typeof MovementReason>;

/** As people sort, and alike in every database, whatever its own collation is. The indexes of names say the same. */
const AS_PEOPLE_SORT = sql`COLLATE "und-x-icu"`;

const ORDER: Record<Search['sort'], Sql> = {
  name: sql`name ${AS_PEOPLE_SORT}, id`,
  '-name': sql`name ${AS_PEOPLE_SORT} DESC, id DESC`,
  price: sql`price, id`,
  '-price': sql`price DESC, id DESC`,
  createdAt: sql`created_at, id`,
  '-createdAt': sql`created_at DESC, id DESC`,
};

/** Those on sale that the customer looks for. */
export async function searchProducts(
  db: Database,
  input: Search,
): Promise<CallOutput<typeof SearchProducts>> {
  const { page, limit, sort } = input;
  const found = conditionOf(input);
  const rows = await db.searches.query<StoredProduct & { total: number }>(sql`
    SELECT ${PRODUCT_COLUMNS}, (SELECT count(*) FROM catalog.product WHERE ${found}) AS total
    FROM catalog.product WHERE ${found} ORDER BY ${ORDER[sort]} LIMIT ${limit} OFFSET ${(page - 1) * limit}`);
  const [first] = rows;
  if (first) return { items: rows.map(toProduct), total: first.total };
  // Beyond the last page there is no row to carry the total.
  const [counted] = await db.searches.query<{ total: number }>(sql`
    SELECT count(*) AS total FROM catalog.product WHERE ${found}`);
  return { items: [], total: counted?.total ?? 0 };
}

function conditionOf({ category, minPrice, maxPrice, inStock, search }: Search): Sql {
  const conditions = [sql`status = 'ACTIVE'`];
  if (category !== undefined) conditions.push(sql`category = ${category}`);
  if (minPrice !== undefined) conditions.push(sql`price >= ${minPrice}`);
  if (maxPrice !== undefined) conditions.push(sql`price <= ${maxPrice}`);
  if (inStock !== undefined) conditions.push(sql`(on_hand > reserved) = ${inStock}`);
  for (const word of search === undefined ? [] : wordsLike(search)) {
    const text = `%${word}%`;
    conditions.push(sql`(name ILIKE ${text} OR description ILIKE ${text} OR sku ILIKE ${text})`);
  }
  return allOf(conditions);
}

export const listCategories = async (db: Database): Promise<CallOutput<typeof ListCategories>> => ({
  categories: await db.query(sql`
    SELECT category AS name, count(*)::int AS products FROM catalog.product
    WHERE status = 'ACTIVE' GROUP BY category ORDER BY category ${AS_PEOPLE_SORT}`),
});

/** Newest first. */
export async function listMovements(
  db: Database,
  { id, page, limit }: CallInput<typeof ListMovements>,
): Promise<CallOutput<typeof ListMovements>> {
  const { stockMovement } = db.prisma;
  const where = { productId: id };
  const [rows, total] = await Promise.all([
    stockMovement.findMany({
      where,
      orderBy: [{ createdAt: 'desc' }, { id: 'asc' }],
      skip: (page - 1) * limit,
      take: limit,
      omit: { productId: true },
    }),
    stockMovement.count({ where }),
  ]);
  // Every product has its INITIAL movement.
  if (total === 0) throw notFound('product');
  // The column holds the contract's values.
  return { items: rows.map((row) => ({ ...row, reason: row.reason as Reason })), total };
}
