import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { defineEvent } from '@order-system/contracts/define';
import { Database } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { createTestDatabase, type TestDatabase } from '@order-system/prisma/testing/test-database';
import { z } from 'zod';
import { CatchUp } from './catch-up.js';
import { consumer, on } from './consumer.js';
import { systemContext } from './context.js';
import { emit, fact } from './outbox.js';
import { Subscriber } from './subscriber.js';
import { eventually } from './testing/eventually.js';

const Counted = defineEvent('test.counted', 1, z.object({ n: z.int() }));
/** Of which there are few, so that one batch is a whole pass. */
const Rare = defineEvent('test.rare', 1, z.object({ n: z.int() }));
const LADDER = [5000, 30_000];
const LATER_MS = 3_600_000;

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

let consumers = 0;
/** A consumer of its own for each test, and what looks for the events that it missed. */
function aConsumer({ of = Counted, handle = async () => undefined as void, everyMs = LATER_MS } = {}) {
  const name = `test.missing${(consumers += 1)}`;
  const counting = consumer(name, [on(of, handle)]);
  const subscriber = new Subscriber({ db, consumer: counting, ladder: LADDER });
  const catchUp = new CatchUp(db, counting, subscriber, everyMs);
  const applied = async () => {
    const [row] = await db.query<{ events: number }>(sql`
      SELECT count(*) AS events FROM events.inbox WHERE consumer = ${name}`);
    return row!.events;
  };
  const isApplied = async (id: string) =>
    (
      await db.query(sql`
      SELECT FROM events.inbox i JOIN events.event e ON e.id = i.event_id
      WHERE i.consumer = ${name} AND e.aggregate_id = ${id}`)
    ).length === 1;
  return { name, catchUp, applied, isApplied };
}

/** Told and published, and lost by the broker. */
async function givenLost(ids: readonly string[], version = 1): Promise<void> {
  const facts = ids.map((id) => fact(Counted, { type: 'test', id, version }, { n: version }));
  await db.inTx((tx) => emit(tx, systemContext(), facts));
  await db.execute(sql`DELETE FROM events.outbox`);
}

const givenOnLadder = (name: string, ids: readonly string[]): Promise<number> =>
  db.execute(sql`
    INSERT INTO events.retry (consumer, event_id, attempts, error, next_attempt_at)
    SELECT ${name}, id, 1, 'not today', now() + interval '1 hour' FROM events.event
    WHERE aggregate_id = ANY(${ids}) AND aggregate_version = 1`);

/** To a consumer that was there already, so long ago that nothing of it can be under way any more. */
async function givenRareLost(name: string, id: string): Promise<void> {
  await db.execute(sql`
    INSERT INTO events.consumer_cursor (consumer, position, since)
    VALUES (${name}, now() - interval '2 hours', now() - interval '2 hours')`);
  await db.execute(sql`
    INSERT INTO events.event VALUES (${newId()}, ${Rare.type}, 1, 'test', ${id}, 1, '{"n": 1}',
      '{"id": null, "role": "system"}', 'long-ago', NULL, now() - interval '1 hour')`);
}

/** How often was looked into the event table until it is asked? */
function countLooks(): () => number {
  const spy = jest.spyOn(db, 'query');
  return () => {
    const looks = spy.mock.calls.filter(([{ text }]) => text.includes('SELECT e.* FROM events.event e'));
    spy.mockRestore();
    return looks.length;
  };
}

const newIds = (count: number) => Array.from({ length: count }, () => newId());

it('finds what was lost behind any number of events that have to wait for others, and looks at each once', async () => {
  const { name, catchUp, isApplied } = aConsumer();
  const [waiting, behind] = [newIds(250), newId()];
  await givenLost(waiting, 1);
  await givenOnLadder(name, waiting);
  await givenLost(waiting, 2);
  await givenLost([behind]);
  const looks = countLooks();
  await catchUp.start(0);
  await eventually(async () => expect(await isApplied(behind)).toBe(true), 10_000);
  await catchUp.stop();
  expect(looks()).toBe(2);
});

it('begins no further batch when it is to stop', async () => {
  const { catchUp, applied } = aConsumer();
  for (let from = 0; from < 20; from += 1) await givenLost(newIds(200));
  await catchUp.start(0);
  await eventually(async () => expect(await applied()).toBeGreaterThan(0));
  await catchUp.stop();
  expect(await applied()).toBeLessThan(4000);
});

it('begins no pass while another one is under way', async () => {
  const gate = Promise.withResolvers<void>();
  const { catchUp } = aConsumer({ handle: () => gate.promise, everyMs: 0 });
  await givenLost([newId()]);
  const looks = countLooks();
  await catchUp.start(0);
  // Were it by the clock, another one would have begun by then.
  await db.query(sql`SELECT pg_sleep(0.3)`);
  gate.resolve();
  await catchUp.stop();
  expect(looks()).toBe(1);
});

it('makes one dead letter of a row that is no event, however often it comes by, and none once that was dropped', async () => {
  const { name, catchUp } = aConsumer({ everyMs: 20 });
  const letters = () =>
    db.query<{ id: string; event_id: string; error: string }>(
      sql`SELECT id, event_id, error FROM events.dead_letter WHERE consumer = ${name}`,
    );
  const afterMoreLooks = async () => {
    const looks = jest.spyOn(db, 'query');
    await eventually(() => expect(looks.mock.calls.length).toBeGreaterThan(3));
    looks.mockRestore();
    return letters();
  };
  await catchUp.start(0);
  const id = newId();
  await db.execute(sql`
    INSERT INTO events.event (id, type, schema_version, aggregate_type, aggregate_id, aggregate_version, data, actor,
      correlation_id, occurred_at)
    VALUES (${id}, ${Counted.type}, 1, 'test', ${newId()}, 1, '{"n":1}', '{"by":"hand"}', 'c-1', now() - interval '1 minute')`);
  await db.execute(sql`
    UPDATE events.consumer_cursor SET position = now() - interval '5 minutes' WHERE consumer = ${name}`);
  await eventually(async () => expect(await letters()).not.toEqual([]));
  expect(await afterMoreLooks()).toMatchObject([
    { event_id: id, error: expect.stringContaining('not an event') },
  ]);
  await db.execute(sql`
    WITH dropped AS (DELETE FROM events.dead_letter WHERE consumer = ${name} RETURNING consumer, event_id)
    INSERT INTO events.inbox (consumer, event_id) SELECT consumer, event_id FROM dropped`);
  await db.execute(sql`
    UPDATE events.consumer_cursor SET position = now() - interval '5 minutes' WHERE consumer = ${name}`);
  expect(await afterMoreLooks()).toEqual([]);
  await catchUp.stop();
});

it('finds what had to wait when it was looked for before, however long ago it was told', async () => {
  const { name, catchUp, isApplied } = aConsumer({ of: Rare });
  const id = newId();
  await givenRareLost(name, id);
  await givenOnLadder(name, [id]);
  await catchUp.start(0);
  await catchUp.stop();
  expect(await isApplied(id)).toBe(false);
  await db.execute(sql`DELETE FROM events.retry WHERE consumer = ${name}`);
  await catchUp.start(0);
  await catchUp.stop();
  expect(await isApplied(id)).toBe(true);
});

it('leaves dead letters to the people who look after them', async () => {
  const { name, catchUp, isApplied } = aConsumer({ of: Rare });
  const id = newId();
  await givenRareLost(name, id);
  await db.execute(sql`
    INSERT INTO events.dead_letter (id, consumer, event_id, message, error, attempts, first_failed_at)
    SELECT ${newId()}, ${name}, id, '{}', 'never', 5, now() FROM events.event WHERE aggregate_id = ${id}`);
  await catchUp.start(0);
  await catchUp.stop();
  expect(await isApplied(id)).toBe(false);
});
