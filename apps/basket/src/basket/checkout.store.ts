import type { Database, Statements, Tx } from '@order-system/prisma/database';
import { type Sql, sql } from '@order-system/prisma/sql';
import type { BasketItem } from './basket.rules.js';
import { type Access, addAll, isOpenTo, lockOwner, openBasket } from './basket.store.js';

interface StoredLine {
  product_id: string;
  quantity: number;
}

const itemsOf = (rows: { lines: StoredLine[] }[]): BasketItem[] | undefined =>
  rows[0]?.lines.map(({ product_id: productId, quantity }) => ({ productId, quantity }));

/**
 * Takes all lines out of a basket for an order, in one statement: of two orders at once one gets them. The order's own
 * commit makes it durable; when a crash takes it back there is no order, and the lines are where they were.
 */
export async function takeLines(
  db: Database,
  orderId: string,
  access: Access,
): Promise<BasketItem[] | undefined> {
  return itemsOf(
    await db.relaxed.query(sql`
      WITH taken AS (
        DELETE FROM basket.basket_item i USING basket.basket b
        WHERE ${isOpenTo(access)} AND i.basket_id = b.id
          AND NOT EXISTS (SELECT FROM basket.checkout WHERE order_id = ${orderId})
        RETURNING i.product_id, i.quantity, i.added_at
      )
      INSERT INTO basket.checkout (order_id, basket_id, user_id, lines)
      SELECT ${orderId}::uuid, ${access.id}::uuid, ${access.userId}::uuid, jsonb_agg(t ORDER BY added_at, product_id)
      FROM taken t HAVING count(*) > 0
      RETURNING lines`),
  );
}

/** What was taken out for this order before. */
export const takenLines = async (db: Statements, orderId: string, userId: string | null) =>
  itemsOf(
    await db.query(sql`
      SELECT lines FROM basket.checkout WHERE order_id = ${orderId} AND user_id IS NOT DISTINCT FROM ${userId}::uuid`),
  );

/** Of `c`: the order came to be; its event may still be under way. */
const isPlaced = sql`EXISTS (SELECT FROM events.event e WHERE e.aggregate_id = c.order_id AND e.type = 'order.created')`;

/** Puts what was taken out for an order that does not exist back where it came from, or where that was merged into. */
export async function putBack(tx: Tx, orderId: string): Promise<void> {
  const checkout = await tx.one<{ basketId: string }>(sql`
    SELECT basket_id AS "basketId" FROM basket.checkout WHERE order_id = ${orderId}`);
  if (!checkout) return;
  const basket = await lockOwner(tx, checkout.basketId);
  if (!basket) return void (await forgetCheckout(tx, orderId));
  const into = basket.status === 'OPEN' ? checkout.basketId : (await openBasket(tx, basket.userId)).id;
  await tx.execute(sql`
    WITH gone AS (
      DELETE FROM basket.checkout c WHERE c.order_id = ${orderId} AND NOT ${isPlaced} RETURNING lines
    ), line AS (
      SELECT l.* FROM gone CROSS JOIN jsonb_to_recordset(gone.lines)
        AS l(product_id uuid, quantity int, added_at timestamptz)
    ), ${addAll(into)}
    SELECT FROM gone`);
}

/** False when there is none. */
export async function forgetCheckout(tx: Tx, orderId: string): Promise<boolean> {
  return (await tx.execute(sql`DELETE FROM basket.checkout WHERE order_id = ${orderId}`)) > 0;
}

/** Orders that should have come to be long ago; those that did are only waiting for their event. */
export const lapsedCheckouts = (afterMs: number, limit: number): Sql => sql`
  SELECT c.order_id AS "orderId" FROM basket.checkout c
  WHERE c.taken_at < now() - ${afterMs}::int * interval '1 millisecond' AND NOT ${isPlaced}
  ORDER BY c.taken_at LIMIT ${limit}`;

/** Removes what was in the basket when an order was made of it that took nothing out, or whose lines went back. */
export async function removeOrdered(tx: Tx, { id, userId }: Access, orderedAt: Date): Promise<void> {
  await tx.execute(sql`
    DELETE FROM basket.basket_item i USING basket.basket b
    WHERE b.id = ${id} AND (b.user_id IS NULL OR b.user_id = ${userId}::uuid) AND i.basket_id = b.id
      AND i.added_at <= ${orderedAt}`);
}
