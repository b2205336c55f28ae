import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Database } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';
import { createTestDatabase, type TestDatabase } from '@order-system/prisma/testing/test-database';
import { PruneIdempotencyKeys, PruneInbox } from './prune.job.js';

let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  db = new Database({ url: database.url, service: 'events' });
});
afterAll(async () => {
  await db.close();
  await database.drop();
});

it('forgets what was applied more than 30 days ago, unless catch-up still looks there', async () => {
  await db.execute(sql`
    INSERT INTO events.consumer_cursor (consumer, position) VALUES
      ('a.current', now()), ('a.behind', now() - interval '40 days')`);
  await db.execute(sql`
    INSERT INTO events.event SELECT gen_random_uuid(), 'a.b', 1, 'a', gen_random_uuid(), 1, '{}', '{}', 'c', NULL,
      now() - interval '35 days' FROM generate_series(1, 1500)`);
  await db.execute(sql`
    INSERT INTO events.event VALUES (gen_random_uuid(), 'a.b', 1, 'a', gen_random_uuid(), 1, '{}', '{}', 'c', NULL, now())`);
  await db.execute(sql`
    INSERT INTO events.inbox SELECT c.consumer, e.id, e.occurred_at FROM events.event e, events.consumer_cursor c`);
  const job = new PruneInbox(db);
  while (await job.run());
  const left = await db.query(
    sql`SELECT consumer, count(*) AS rows FROM events.inbox GROUP BY consumer ORDER BY consumer`,
  );
  expect(left).toEqual([
    { consumer: 'a.behind', rows: 1501 },
    { consumer: 'a.current', rows: 1 },
  ]);
});

it('forgets idempotency keys after 7 days', async () => {
  await db.execute(sql`
    INSERT INTO events.idempotency_key SELECT 'orders', 'someone', n::text, 'orders.place', 'h', '{}',
      now() - n * interval '1 day' FROM generate_series(1, 10) AS n`);
  await new PruneIdempotencyKeys(db).run();
  expect(await db.query(sql`SELECT FROM events.idempotency_key`)).toHaveLength(6);
});
