import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { newId } from '@order-system/prisma/id';
import { withClient } from '@order-system/prisma/migrate';
import { readsOf } from '@order-system/prisma/testing/reads';
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

it('a message looks at the notifications of its room, not at all that a customer ever had', async () => {
  const on = { url: database.url, service: 'notifications', tables: ['notifications.notification'] };
  const { result, read } = await readsOf(on, (db) =>
    db.inTx(async (tx) => ({
      last: await lastMessageNotice(tx, userId, orderId),
      marked: await markMessagesRead(tx, { userId, orderId, seq: 2 }),
    })),
  );
  expect(result).toMatchObject({ last: { seq: 2 }, marked: 2 });
  expect(read.rows).toBeLessThan(20);
});
