import type { Tx } from '@order-system/prisma/database';
import { type Sql, sql } from '@order-system/prisma/sql';

/** What an owner wrote, and where it went to, is gone from orders that have ended; what was sold and paid stays. */
const forgetTexts = (which: Sql): Sql => sql`
  UPDATE orders."order"
  SET shipping_address = NULL, notes = NULL, description = NULL, specifications = NULL, metadata = NULL
  WHERE ${which} AND status IN ('COMPLETED', 'CANCELLED')`;

/** After the account is gone. An order under way is still to be made and sent: it follows when it ends. */
export async function forgetOwner(tx: Tx, userId: string): Promise<void> {
  // Who is about to end one has then ended it, or will see that the owner is gone.
  await tx.query(sql`SELECT FROM orders."order" WHERE user_id = ${userId} FOR UPDATE`);
  await tx.execute(forgetTexts(sql`user_id = ${userId}`));
  await tx.execute(sql`
    UPDATE orders.order_history SET reason = NULL
    WHERE by = ${userId} AND order_id IN (SELECT id FROM orders."order" WHERE user_id = ${userId})`);
  await tx.execute(sql`DELETE FROM orders.placement WHERE user_id = ${userId}`);
}

/** Of an order that has just ended, if its owner's account is gone. */
export async function forgetIfOwnerIsGone(tx: Tx, orderId: string): Promise<void> {
  await tx.execute(
    forgetTexts(sql`id = ${orderId} AND EXISTS (
      SELECT FROM events.event e WHERE e.aggregate_id = user_id AND e.type = 'user.deleted')`),
  );
}
