import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Database } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { withClient } from '@order-system/prisma/migrate';
import { createTestDatabase, type TestDatabase } from '@order-system/prisma/testing/test-database';
import { lastMessageNotice, markMessagesRead } from './notification.store.js';

const [userId, orderId] = [newId(), newId()];

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await withClient(database.url, async (client) => {
    await client.query(
      `INSERT INTO notifications.notification (id, event_id, user_id, kind, title, body, data, order_id, in_app)
       SELECT gen_random_uuid(), gen_random_uuid(), $1, 'NEW_MESSAGE', 't', 'b', jsonb_build_object('seq', n),
         CASE WHEN n <= 2 THEN $2 ELSE gen_random_uuid() END, true
       FROM generate_series(1, 3000) n`,
      [userId, orderId],
    );
    await client.query('VACUUM ANALYZE notifications.notification');
  });
});
afterAll(() => database.drop());

const rowsRead = () =>
  withClient(database.url, async (client) => {
    const { rows } = await client.query<{ read: number }>(
      `SELECT (seq_tup_read + idx_tup_fetch)::int AS read FROM pg_stat_user_tables
       WHERE schemaname = 'notifications' AND relname = 'notification'`,
    );
    return rows[0]!.read;
  });

it('a message looks at the notifications of its room, not at all that a customer ever had', async () => {
  const before = await rowsRead();
  const db = new Database({ url: database.url, service: 'notifications' });
  expect(await db.inTx((tx) => lastMessageNotice(tx, userId, orderId))).toMatchObject({ seq: 2 });
  expect(await db.inTx((tx) => markMessagesRead(tx, { userId, orderId, seq: 2 }))).toBe(2);
  // Then its connections tell what they did.
  await db.close();
  expect((await rowsRead()) - before).toBeLessThan(20);
});
