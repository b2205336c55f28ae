import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { withClient } from '@order-system/prisma/migrate';
import { readsOf } from '@order-system/prisma/testing/reads';
import { createTestDatabase, type TestDatabase } from '@order-system/prisma/testing/test-database';
import { readStats } from './stats.read.js';

/** An event a minute, of two types by turns, since 2020-01-01. */
const FILLED = `
  SELECT CASE WHEN n % 2 = 0 THEN 'even.thing' ELSE 'odd.thing' END AS type,
    timestamptz '2020-01-01T00:00:00Z' + n * interval '1 minute' AS occurred_at
  FROM generate_series(0, 49999) AS n`;

const stored = (events: string) => `
  INSERT INTO events.event (id, type, schema_version, aggregate_type, aggregate_id, aggregate_version, data, actor,
    correlation_id, occurred_at)
  SELECT gen_random_uuid(), type, 1, 'thing', gen_random_uuid(), 1, '{}', '{"id":null,"role":"system"}', 'c', occurred_at
  FROM (${events}) AS e`;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await withClient(database.url, async (client) => {
    await client.query(stored(FILLED));
    await client.query('VACUUM ANALYZE events.event');
  });
});
afterAll(() => database.drop());

const log = () => ({ url: database.url, service: 'events', tables: ['events.event'] });

it('statistics of a few days read these days of the log, not all of it', async () => {
  const span = { from: new Date('2020-01-15T00:30:00Z'), to: new Date('2020-01-20T00:00:00Z') };
  const { result: stats, read } = await readsOf(log(), (db) => readStats(db, span));
  expect(stats).toMatchObject({
    total: 7170,
    byType: [
      { type: 'even.thing', events: 3585 },
      { type: 'odd.thing', events: 3585 },
    ],
  });
  expect(stats.byHour.slice(0, 2)).toEqual([
    { hour: new Date('2020-01-15T00:00:00Z'), events: 30 },
    { hour: new Date('2020-01-15T01:00:00Z'), events: 60 },
  ]);
  expect(stats.byHour).toHaveLength(120);
  expect(read.blocks).toBeLessThan(100);
});

it('an event that the clock of the database dates later than it is here counts', async () => {
  const event = `SELECT 'late.thing' AS type, now() + interval '1 minute' AS occurred_at`;
  await withClient(database.url, (client) => client.query(stored(event)));
  const { result: stats } = await readsOf(log(), (db) => readStats(db, {}));
  expect(stats).toMatchObject({ total: 1, perMinute: 1, byType: [{ type: 'late.thing', events: 1 }] });
});
