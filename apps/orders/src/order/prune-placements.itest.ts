import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Database } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { createTestDatabase, type TestDatabase } from '@order-system/prisma/testing/test-database';
import { PrunePlacements } from './prune-placements.job.js';

let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  db = new Database({ url: database.url, service: 'orders' });
});
afterAll(async () => {
  await db.close();
  await database.drop();
});

it('what was placed under an Idempotency-Key is remembered for 7 days, and then forgotten however much it is', async () => {
  await db.execute(sql`
    INSERT INTO orders.placement (user_id, key, request_hash, order_id, payment_id, claimed_until, created_at)
    SELECT ${newId()}, n::text, 'h', gen_random_uuid(), gen_random_uuid(), now(),
      now() - CASE WHEN n = 1 THEN interval '167 hours' ELSE interval '169 hours' END
    FROM generate_series(1, 1500) AS n`);
  const job = new PrunePlacements(db);
  while (await job.run());
  expect(await db.query(sql`SELECT key FROM orders.placement`)).toEqual([{ key: '1' }]);
});
