import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Database } from '@order-system/prisma/database';
import { withClient } from '@order-system/prisma/migrate';
import { createTestDatabase, type TestDatabase } from '@order-system/prisma/testing/test-database';
import { overdueOrders } from './stock.store.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await withClient(database.url, async (client) => {
    await client.query(
      `INSERT INTO catalog.reservation (order_id, expires_at)
       SELECT gen_random_uuid(), now() + CASE WHEN n <= 3 THEN interval '-1 minute' ELSE interval '30 minutes' END
       FROM generate_series(1, 2000) n`,
    );
    await client.query('VACUUM ANALYZE catalog.reservation');
  });
});
afterAll(() => database.drop());

const rowsRead = () =>
  withClient(database.url, async (client) => {
    const { rows } = await client.query<{ read: number }>(
      `SELECT (seq_tup_read + idx_tup_fetch)::int AS read FROM pg_stat_user_tables
       WHERE schemaname = 'catalog' AND relname = 'reservation'`,
    );
    return rows[0]!.read;
  });

it('what has lapsed is found, every second, without a look at all that is held', async () => {
  const before = await rowsRead();
  const db = new Database({ url: database.url, service: 'catalog' });
  expect(await db.query(overdueOrders(200))).toHaveLength(3);
  // Then its connection tells what it did.
  await db.close();
  expect((await rowsRead()) - before).toBe(3);
});
