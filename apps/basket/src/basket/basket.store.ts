import { notFound } from '@order-system/contracts/errors';
import type { Statements, Tx } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { type Sql, sql } from '@order-system/prisma/sql';
import { type BasketItem, MOST_LINES, MOST_OF_ONE, type StoredBasket } from './basket.rules.js';

/** Whose basket it may be: a guest's is anybody's who knows its id, another one only its owner's. */
export interface Access {
  id: string;
  userId: string | null;
}

/** Of `b`: it is open, and theirs to use. */
export const isOpenTo = ({ id, userId }: Access): Sql =>
  sql`b.id = ${id} AND b.status = 'OPEN' AND (b.user_id IS NULL OR b.user_id = ${userId}::uuid)`;

/** Of the basket `b` and its lines `i`. */
const ROW = sql`b.id, b.user_id AS "userId", i.product_id AS "productId", i.quantity`;
const THIS_HOUR = sql`date_trunc('hour', now())`;

/** A basket's lines, or one row without a product. */
interface Row {
  id: string;
  userId: string | null;
  productId: string | null;
  quantity: number;
}

function basketOf(rows: Row[]): StoredBasket {
  const [first] = rows;
  if (!first) throw notFound('basket');
  const items = rows.filter((row): row is Row & BasketItem => row.productId !== null);
  return {
    id: first.id,
    userId: first.userId,
    items: items.map(({ productId, quantity }) => ({ productId, quantity })),
  };
}

/** A new basket for a guest; for a customer the open one, made if there is none. */
export async function openBasket(db: Statements, userId: string | null): Promise<StoredBasket> {
  const rows = await db.query<Row>(sql`
    WITH open AS (
      INSERT INTO basket.basket (id, user_id, used_at)
      VALUES (${newId()}, ${userId}::uuid, ${THIS_HOUR})
      ON CONFLICT (user_id) WHERE status = 'OPEN' DO UPDATE SET used_at = ${THIS_HOUR}
      RETURNING id, user_id
    )
    SELECT ${ROW} FROM open b LEFT JOIN basket.basket_item i ON i.basket_id = b.id
    ORDER BY i.added_at, i.product_id`);
  return basketOf(rows);
}

/** Throws NOT_FOUND. */
export async function readBasket(db: Statements, access: Access): Promise<StoredBasket> {
  const rows = await db.query<Row>(sql`
    SELECT ${ROW} FROM basket.basket b LEFT JOIN basket.basket_item i ON i.basket_id = b.id
    WHERE ${isOpenTo(access)} ORDER BY i.added_at, i.product_id`);
  return basketOf(rows);
}

export async function readOwnBasket(db: Statements, userId: string): Promise<StoredBasket | undefined> {
  const rows = await db.query<Row>(sql`
    SELECT ${ROW} FROM basket.basket b LEFT JOIN basket.basket_item i ON i.basket_id = b.id
    WHERE b.user_id = ${userId} AND b.status = 'OPEN' ORDER BY i.added_at, i.product_id`);
  return rows.length === 0 ? undefined : basketOf(rows);
}

/** Keeps others from changing the basket until the transaction ends. Throws NOT_FOUND. */
export async function lockBasket(tx: Tx, access: Access): Promise<void> {
  const locked = await tx.execute(sql`SELECT FROM basket.basket b WHERE ${isOpenTo(access)} FOR UPDATE`);
  if (locked === 0) throw notFound('basket');
}

/** The basket that a statement changes; no row when it is not theirs. */
const used = (access: Access): Sql => sql`used AS (
        UPDATE basket.basket b SET used_at = ${THIS_HOUR} WHERE ${isOpenTo(access)} RETURNING id, user_id
      )`;

/** The basket after a change; `isDone` is false when the line did not allow it. */
export interface Change {
  isDone: boolean;
  basket: StoredBasket;
}

const changeOf = (rows: (Row & { isDone: boolean })[]): Change => ({
  basket: basketOf(rows),
  isDone: rows[0]?.isDone ?? false,
});

/**
 * Adds to a line, or makes it, unless it came to more than `most` or the basket is full. One statement; without a lock
 * on the basket its own view of how full it is may be a moment old.
 */
export async function addLine(
  db: Statements,
  access: Access,
  { productId, quantity }: BasketItem,
  most: number,
): Promise<Change> {
  return changeOf(
    await db.query(sql`
      WITH ${used(access)}, other AS (
        SELECT product_id, quantity, added_at FROM basket.basket_item
        WHERE basket_id = ${access.id} AND product_id <> ${productId}
      ), added AS (
        INSERT INTO basket.basket_item AS line (basket_id, product_id, quantity)
        SELECT id, ${productId}::uuid, ${quantity}::int FROM used
        WHERE (SELECT count(*) FROM other) < ${MOST_LINES}::int AND ${quantity}::int <= ${most}::int
        ON CONFLICT (basket_id, product_id) DO UPDATE SET quantity = line.quantity + EXCLUDED.quantity
        WHERE line.quantity + EXCLUDED.quantity <= ${most}::int
        RETURNING product_id, quantity, added_at
      )
      SELECT ${ROW}, EXISTS (SELECT FROM added) AS "isDone"
      FROM used b LEFT JOIN (SELECT * FROM other UNION ALL SELECT * FROM added) i ON true
      ORDER BY i.added_at, i.product_id`),
  );
}

/** Sets the quantity of a line that is there. */
export async function setLine(
  db: Statements,
  access: Access,
  { productId, quantity }: BasketItem,
): Promise<Change> {
  return changeOf(
    await db.query(sql`
      WITH ${used(access)}, changed AS (
        UPDATE basket.basket_item i SET quantity = ${quantity} FROM used u
        WHERE i.basket_id = u.id AND i.product_id = ${productId}
        RETURNING i.product_id, i.quantity, i.added_at
      ), line AS (
        SELECT product_id, quantity, added_at FROM basket.basket_item
        WHERE basket_id = ${access.id} AND product_id <> ${productId}
        UNION ALL SELECT * FROM changed
      )
      SELECT ${ROW}, EXISTS (SELECT FROM changed) AS "isDone"
      FROM used b LEFT JOIN line i ON true ORDER BY i.added_at, i.product_id`),
  );
}

/** Takes one product out, or all when none is named. */
export async function removeLines(db: Statements, access: Access, productId: string | null): Promise<Change> {
  return changeOf(
    await db.query(sql`
      WITH ${used(access)}, removed AS (
        DELETE FROM basket.basket_item i USING used u
        WHERE i.basket_id = u.id AND (${productId}::uuid IS NULL OR i.product_id = ${productId}::uuid)
        RETURNING i.product_id
      )
      SELECT ${ROW}, EXISTS (SELECT FROM removed) AS "isDone"
      FROM used b LEFT JOIN basket.basket_item i
        ON i.basket_id = b.id AND i.product_id NOT IN (SELECT product_id FROM removed)
      ORDER BY i.added_at, i.product_id`),
  );
}

export interface BasketOwner {
  userId: string | null;
  status: string;
}

export const lockOwner = (tx: Tx, id: string): Promise<BasketOwner | undefined> =>
  tx.one(sql`SELECT user_id AS "userId", status FROM basket.basket WHERE id = ${id} FOR UPDATE`);

/**
 * Adds the rows of `line` (product_id, quantity, added_at) to a basket that is locked. Quantities add up. What does not fit,
 * lines beyond the hundredth and units beyond a line's limit, is left out: nobody is there to be told.
 */
export const addAll = (id: string): Sql => sql`
    there AS (
      SELECT product_id FROM basket.basket_item WHERE basket_id = ${id}
    ), fresh AS (
      SELECT product_id FROM line WHERE product_id NOT IN (SELECT product_id FROM there)
      ORDER BY added_at, product_id LIMIT greatest(0, ${MOST_LINES}::int - (SELECT count(*) FROM there))
    ), added AS (
      INSERT INTO basket.basket_item AS i (basket_id, product_id, quantity, added_at)
      SELECT ${id}::uuid, product_id, quantity, added_at FROM line
      WHERE product_id IN (SELECT product_id FROM there UNION ALL SELECT product_id FROM fresh)
      ON CONFLICT (basket_id, product_id)
      DO UPDATE SET quantity = least(i.quantity + EXCLUDED.quantity, ${MOST_OF_ONE}::int)
    )`;

/** How many there are of each product in these baskets together. */
export const sumLines = (tx: Tx, basketIds: string[]): Promise<BasketItem[]> =>
  tx.query(sql`
    SELECT product_id AS "productId", sum(quantity)::int AS quantity FROM basket.basket_item
    WHERE basket_id = ANY(${basketIds}::uuid[]) GROUP BY product_id ORDER BY product_id`);

/** Moves all lines of a guest's basket into a customer's; both are locked. */
export async function moveLines(tx: Tx, from: string, into: { id: string; userId: string }): Promise<void> {
  await tx.execute(sql`
    WITH line AS (
      DELETE FROM basket.basket_item WHERE basket_id = ${from} RETURNING product_id, quantity, added_at
    ), ${addAll(into.id)}
    UPDATE basket.basket SET status = CASE WHEN id = ${from} THEN 'MERGED' ELSE status END,
      user_id = ${into.userId}, used_at = ${THIS_HOUR}
    WHERE id IN (${from}, ${into.id})`);
}

/** The open basket of the customer whose guest basket this was. */
export async function mergedInto(db: Statements, { id, userId }: Access): Promise<string | undefined> {
  const [row] = await db.query<{ id: string }>(sql`
    SELECT own.id FROM basket.basket b JOIN basket.basket own ON own.user_id = b.user_id AND own.status = 'OPEN'
    WHERE b.id = ${id} AND b.status = 'MERGED' AND b.user_id = ${userId}::uuid`);
  return row?.id;
}

export async function dropBasketsOf(tx: Tx, userId: string): Promise<void> {
  await tx.execute(sql`DELETE FROM basket.basket WHERE user_id = ${userId}`);
}

/** Drops a batch of guests' and merged baskets that nobody has used for so many days; returns how many. */
export const pruneUnused = (days: number, limit: number) => sql`
  DELETE FROM basket.basket WHERE id IN (
    SELECT id FROM basket.basket
    WHERE used_at < now() - ${days}::int * interval '1 day' AND (user_id IS NULL OR status = 'MERGED')
    ORDER BY used_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)`;
