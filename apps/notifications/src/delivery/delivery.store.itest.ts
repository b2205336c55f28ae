import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { newId } from '@order-system/prisma/id';
import type { Database } from '@order-system/prisma/database';
import { readsOfGrown } from '@order-system/prisma/testing/reads';
import { createTestDatabase, type TestDatabase } from '@order-system/prisma/testing/test-database';
import { type Claimed, markSent, putBack, withdraw } from './delivery.store.js';

const given = { id: newId() } as Claimed;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

it.each<[string, (db: Database) => Promise<unknown>]>([
  ['sent', (db) => db.inTx((tx) => markSent(tx, [given]))],
  ['withdrawn', (db) => withdraw(db, [given], 'for a reason')],
  ['put back', (db) => putBack(db, [given.id], 1)],
])('a delivery is %s without a look at all that are due', async (_, mark) => {
  const on = { url: database.url, service: 'notifications', tables: ['notifications.delivery'] };
  const backlog = `
    WITH told AS (
      INSERT INTO notifications.notification (id, event_id, user_id, kind, title, body, in_app)
      SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'WELCOME', 't', 'b', true
      FROM generate_series(1, 2000) RETURNING id)
    INSERT INTO notifications.delivery (id, notification_id, channel, correlation_id)
    SELECT gen_random_uuid(), id, 'EMAIL', 'c' FROM told`;
  const { read } = await readsOfGrown(on, backlog, mark);
  expect(read.rows).toBe(0);
});
