import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { withClient } from '@order-system/prisma/migrate';
import { readsOf } from '@order-system/prisma/testing/reads';
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

it('what has lapsed is found, every second, without a look at all that is held', async () => {
  const on = { url: database.url, service: 'catalog', tables: ['catalog.reservation'] };
  const { result, read } = await readsOf(on, (db) => db.query(overdueOrders(200)));
  expect(result).toHaveLength(3);
  expect(read.rows).toBe(3);
});
