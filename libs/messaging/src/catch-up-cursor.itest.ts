import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { defineEvent } from '@order-system/contracts/define';
import { Database } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { createTestDatabase, type TestDatabase } from '@order-system/prisma/testing/test-database';
import { z } from 'zod';
import { CatchUp } from './catch-up.js';
import { consumer, on } from './consumer.js';
import { Subscriber } from './subscriber.js';
import { eventually } from './testing/eventually.js';

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

const LETTERS = [...'abcdefghijklmnopqrstuvwxyz'];
/** A consumer with a kind of event of its own. */
function aConsumer(everyMs = LATER_MS) {
  const contract = defineEvent(`test.told-${LETTERS.shift()}`, 1, z.object({}));
  const told = consumer(contract.type, [on(contract, async () => undefined)]);
  const catchUp = new CatchUp(db, told, new Subscriber({ db, consumer: told, ladder: [5000] }), everyMs);
  const { name } = told;
  const isApplied = async (id: string) =>
    (await db.query(sql`SELECT FROM events.inbox WHERE event_id = ${id} AND consumer = ${name}`)).length ===
    1;
  /** Told so long ago, published, and lost by the broker. */
  const givenLost = async (secondsAgo: number, type = contract.type): Promise<string> => {
    const id = newId();
    await db.execute(sql`
      INSERT INTO events.event VALUES (${id}, ${type}, 1, 'test', ${newId()}, 1, '{}',
        '{"id": null, "role": "system"}', 'c', NULL, now() - ${secondsAgo} * interval '1 second')`);
    return id;
  };
  const givenThere = () =>
    db.execute(sql`
      INSERT INTO events.consumer_cursor (consumer, position, since)
      VALUES (${name}, now() - interval '2 hours', now() - interval '2 hours')`);
  const pass = async (graceMs = 0) => {
    await catchUp.start(graceMs);
    await catchUp.stop();
  };
  /** In seconds before now. */
  const cursor = async () => {
    const [row] = await db.query<{ position: number; since: number; types: string[] }>(sql`
      SELECT extract(epoch FROM now() - position)::float8 AS position, extract(epoch FROM now() - since)::float8 AS since,
        types FROM events.consumer_cursor WHERE consumer = ${name}`);
    return row!;
  };
  return { name, contract, catchUp, isApplied, givenLost, givenThere, pass, cursor };
}

describe('a consumer that is new', () => {
  it('in a system that is not begins now, and stays there', async () => {
    const { givenLost, isApplied, pass, cursor } = aConsumer();
    const id = await givenLost(3600);
    await pass();
    await pass();
    expect(await isApplied(id)).toBe(false);
    const { position, since } = await cursor();
    expect(Math.max(position, since)).toBeLessThan(20);
  });

  it('writes down what it takes, also when that has changed', async () => {
    const { name, contract, pass, cursor } = aConsumer();
    await pass();
    expect((await cursor()).types).toEqual([contract.type]);
    const changed = consumer(name, []);
    const subscriber = new Subscriber({ db, consumer: changed, ladder: [5000] });
    const catchUp = new CatchUp(db, changed, subscriber, LATER_MS);
    await catchUp.start(0);
    await catchUp.stop();
    expect((await cursor()).types).toEqual([]);
  });
});

describe('what may still be under way is left alone', () => {
  it('while it is young', async () => {
    const { givenThere, givenLost, isApplied, pass } = aConsumer();
    await givenThere();
    const id = await givenLost(0);
    await pass(60_000);
    expect(await isApplied(id)).toBe(false);
    await pass(0);
    expect(await isApplied(id)).toBe(true);
  });

  it('while it is young, also later', async () => {
    const { catchUp, givenThere, givenLost, isApplied } = aConsumer(10);
    await givenThere();
    const [young, old] = [await givenLost(0), await givenLost(60)];
    await catchUp.start(600_000);
    await eventually(async () => expect(await isApplied(old)).toBe(true));
    await catchUp.stop();
    expect(await isApplied(young)).toBe(false);
  });

  it('while it waits in an outbox', async () => {
    const { givenThere, givenLost, isApplied, pass } = aConsumer();
    await givenThere();
    const id = await givenLost(60);
    await db.execute(sql`
      INSERT INTO events.outbox (event_id, source, aggregate_id, aggregate_version)
      SELECT id, 'events', aggregate_id, aggregate_version FROM events.event WHERE id = ${id}`);
    await pass();
    expect(await isApplied(id)).toBe(false);
    await db.execute(sql`DELETE FROM events.outbox`);
    await pass();
    expect(await isApplied(id)).toBe(true);
  });

  it('while it is on the ladder, until its next try is overdue', async () => {
    const { name, givenThere, givenLost, isApplied, pass } = aConsumer();
    await givenThere();
    const id = await givenLost(60);
    const dueSince = (seconds: number) =>
      db.execute(sql`
        INSERT INTO events.retry (consumer, event_id, attempts, error, next_attempt_at)
        VALUES (${name}, ${id}, 1, 'not today', now() - ${seconds} * interval '1 second')
        ON CONFLICT (event_id, consumer) DO UPDATE SET next_attempt_at = excluded.next_attempt_at`);
    await dueSince(10);
    await pass();
    expect(await isApplied(id)).toBe(false);
    await dueSince(31);
    await pass();
    expect(await isApplied(id)).toBe(true);
  });
});

it('what another consumer has applied, or given up on, is found', async () => {
  const { givenThere, givenLost, isApplied, pass } = aConsumer();
  await givenThere();
  const [applied, dead] = [await givenLost(60), await givenLost(60)];
  await db.execute(sql`INSERT INTO events.inbox (consumer, event_id) VALUES ('test.other', ${applied})`);
  await db.execute(sql`
    INSERT INTO events.dead_letter (id, consumer, event_id, message, error, attempts, first_failed_at)
    VALUES (${newId()}, 'test.other', ${dead}, '{}', 'never', 5, now())`);
  await pass();
  expect([await isApplied(applied), await isApplied(dead)]).toEqual([true, true]);
});

it('the place from which is looked moves as far as everything is settled, and not past what is young', async () => {
  const { name, givenThere, givenLost, pass, cursor } = aConsumer();
  await givenThere();
  // What others are told, what is given up on, and what was lost hold nothing up.
  await givenLost(3600, 'test.others');
  const [dead] = [await givenLost(1800), await givenLost(900), await givenLost(0)];
  await db.execute(sql`
    INSERT INTO events.dead_letter (id, consumer, event_id, message, error, attempts, first_failed_at)
    VALUES (${newId()}, ${name}, ${dead}, '{}', 'never', 5, now())`);
  await pass(1000);
  const { position } = await cursor();
  // It is kept to the millisecond.
  expect(position).toBeGreaterThan(29.9);
  expect(position).toBeLessThan(60);
});

it('goes on after a look that failed, and not after it was stopped', async () => {
  const { catchUp, givenThere, cursor } = aConsumer(20);
  await givenThere();
  jest.spyOn(db, 'execute').mockRejectedValueOnce(new Error('away'));
  await catchUp.start(0);
  await eventually(async () => expect((await cursor()).position).toBeLessThan(60));
  await catchUp.stop();
  const looks = jest.spyOn(db, 'query');
  await db.searches.query(sql`SELECT pg_sleep(0.2)`);
  expect(looks).not.toHaveBeenCalled();
  jest.restoreAllMocks();
});
