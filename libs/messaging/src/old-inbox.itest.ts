import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { defineEvent } from '@order-system/contracts/define';
import { Database } from '@order-system/prisma/database';
import { withClient } from '@order-system/prisma/migrate';
import { createTestDatabase, type TestDatabase } from '@order-system/prisma/testing/test-database';
import { z } from 'zod';
import { CatchUp } from './catch-up.js';
import { consumer, on } from './consumer.js';
import { Subscriber } from './subscriber.js';

const Done = defineEvent('test.done', 1, z.object({}));

/** Three months of events, all applied, of which the last days are remembered. */
const MONTHS = `
  INSERT INTO events.event SELECT gen_random_uuid(), 'test.done', 1, 'test', gen_random_uuid(), 1, '{}', '{}', 'c', NULL,
    now() - n * interval '2 minutes' FROM generate_series(1, 60000) n;
  INSERT INTO events.inbox SELECT 'test.old', id, occurred_at FROM events.event
    WHERE occurred_at > now() - interval '3 days';
  INSERT INTO events.consumer_cursor (consumer, position, since)
    VALUES ('test.old', now() - interval '10 minutes', now() - interval '30 days')`;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await withClient(database.url, async (client) => {
    await client.query(MONTHS);
    await client.query('VACUUM ANALYZE events.event, events.inbox');
  });
});
afterAll(() => database.drop());

const wholeReads = () =>
  withClient(database.url, async (client) => {
    const { rows } = await client.query<{ scans: number }>(
      `SELECT seq_scan::int AS scans FROM pg_stat_user_tables WHERE schemaname = 'events' AND relname = 'inbox'`,
    );
    return rows[0]!.scans;
  });

it('catching up does not read the whole inbox', async () => {
  const before = await wholeReads();
  const db = new Database({ url: database.url, service: 'events' });
  const old = consumer('test.old', [on(Done, async () => undefined)]);
  const subscriber = new Subscriber({ db, consumer: old, ladder: [] });
  const catchUp = new CatchUp(db, old, subscriber, 60_000);
  await catchUp.start(0);
  await catchUp.stop();
  // Then its connections tell what they did.
  await db.close();
  const { rows } = await withClient(database.url, (client) =>
    client.query(
      `SELECT position > now() - interval '1 minute' AS "isCurrent" FROM events.consumer_cursor WHERE consumer = 'test.old'`,
    ),
  );
  expect(rows).toEqual([{ isCurrent: true }]);
  expect(await wholeReads()).toBe(before);
});
