import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { defineEvent } from '@order-system/contracts/define';
import { withClient } from '@order-system/prisma/migrate';
import { readsOf } from '@order-system/prisma/testing/reads';
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

it('catching up does not read the whole inbox', async () => {
  const inbox = { url: database.url, service: 'events', tables: ['events.inbox'] };
  const { read } = await readsOf(inbox, async (db) => {
    const old = consumer('test.old', [on(Done, async () => undefined)]);
    const catchUp = new CatchUp(db, old, new Subscriber({ db, consumer: old, ladder: [] }), 60_000);
    await catchUp.start(0);
    await catchUp.stop();
  });
  const { rows } = await withClient(database.url, (client) =>
    client.query(
      `SELECT position > now() - interval '1 minute' AS "isCurrent" FROM events.consumer_cursor WHERE consumer = 'test.old'`,
    ),
  );
  expect(rows).toEqual([{ isCurrent: true }]);
  expect(read.scans).toBe(0);
});
