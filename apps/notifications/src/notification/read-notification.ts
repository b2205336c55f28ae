import type { CallInput } from '@order-system/contracts/define';
import { notFound } from '@order-system/contracts/errors';
import type { Notification, ReadNotification } from '@order-system/contracts/notifications.contracts';
import type { Tx } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';

/** Read once is read for good. A stranger's notification is not there. */
export async function readNotification(
  tx: Tx,
  { id, userId }: CallInput<typeof ReadNotification> & { userId: string },
): Promise<Notification> {
  const row = await tx.one<Notification>(sql`
    UPDATE notifications.notification SET read_at = coalesce(read_at, now())
    WHERE id = ${id} AND user_id = ${userId} AND in_app
    RETURNING id, kind, title, body, order_id AS "orderId", true AS read, created_at AS "createdAt"`);
  if (!row) throw notFound('notification');
  return row;
}

/** Returns how many were unread. */
export const readAllNotifications = async (
  tx: Tx,
  { userId }: { userId: string },
): Promise<{ read: number }> => ({
  read: await tx.execute(sql`
    UPDATE notifications.notification SET read_at = now() WHERE user_id = ${userId} AND in_app AND read_at IS NULL`),
});
