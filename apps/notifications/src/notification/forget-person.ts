import type { Tx } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';

/** Removes what was said to a person, and sends nothing more. The rows stay: a replay must not make them anew. */
export async function forgetPerson(tx: Tx, { userId }: { userId: string }): Promise<void> {
  await tx.execute(sql`DELETE FROM notifications.preference WHERE user_id = ${userId}`);
  // First: a mail that is being put into the mailbox is there before, or not at all.
  await tx.execute(sql`
    UPDATE notifications.delivery d SET status = 'WITHDRAWN', error = 'the account was deleted'
    FROM notifications.notification n
    WHERE d.notification_id = n.id AND n.user_id = ${userId} AND d.status IN ('PENDING', 'FAILED')`);
  await tx.execute(sql`
    DELETE FROM notifications.mail m USING notifications.delivery d, notifications.notification n
    WHERE m.id = d.id AND d.notification_id = n.id AND n.user_id = ${userId}`);
  await tx.execute(sql`
    UPDATE notifications.notification SET title = '', body = '', data = data - 'link' WHERE user_id = ${userId}`);
}
