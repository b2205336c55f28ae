import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { defineEvent } from '@order-system/contracts/define';
import { DomainError } from '@order-system/contracts/errors';
import { Database } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { withClient } from '@order-system/prisma/migrate';
import { createTestDatabase, type TestDatabase } from '@order-system/prisma/testing/test-database';
import { z } from 'zod';
import type { Verdict } from './broker.js';
import { CatchUp } from './catch-up.js';
import { consumer, on } from './consumer.js';
import { systemContext } from './context.js';
import { type EventRow, fromRow } from './events.js';
import { emit, fact } from './outbox.js';
import { Subscriber } from './subscriber.js';
import { eventually } from './testing/eventually.js';

const Counted = defineEvent('test.counted', 1, z.object({ n: z.int() }));
const LADDER = [5000, 30_000];
const FOLLOWERS = 40;

const fails = new Set<number>();
const refuses = new Set<number>();
const counting = consumer('test.counting', [
  on(Counted, async (_, { data: { n } }) => {
    if (fails.has(n)) throw new Error('not today');
    if (refuses.has(n)) throw new DomainError('ILLEGAL_TRANSITION', 'never');
  }),
]);

let database: TestDatabase;
let db: Database;
let subscriber: Subscriber;
beforeAll(async () => {
  database = await createTestDatabase();
  db = new Database({ url: database.url, service: 'events' });
  subscriber = new Subscriber({ db, consumer: counting, ladder: LADDER });
  const catchUp = new CatchUp(db, counting, subscriber, 3_600_000);
  await catchUp.start(0);
  await catchUp.stop();
});
afterAll(async () => {
  await db.close();
  await database.drop();
});

/** Tells of something that happened to one thing, and hands out what a broker would deliver. */
async function tell(id: string, upTo: number): Promise<((by: Subscriber) => Promise<Verdict>)[]> {
  const versions = Array.from({ length: upTo }, (_, index) => index + 1);
  const facts = versions.map((n) => fact(Counted, { type: 'test', id, version: n }, { n }));
  await db.inTx((tx) => emit(tx, systemContext(), facts));
  const rows = await db.query<EventRow>(sql`
    SELECT * FROM events.event WHERE aggregate_id = ${id} ORDER BY aggregate_version`);
  const raws = rows.map((row) => JSON.parse(JSON.stringify(fromRow(row))) as unknown);
  return raws.map((raw) => (by) => by.receive({ raw, text: '', early: 0 }));
}

it('what follows an event that is on the ladder makes room for others at once', async () => {
  const [first, ...others] = await tell(newId(), 1 + FOLLOWERS);
  fails.add(1);
  expect(await first!(subscriber)).toMatchObject({ delayMs: 5000 });
  const from = performance.now();
  const verdicts = await Promise.all(others.map((receive) => receive(subscriber)));
  expect(performance.now() - from).toBeLessThan(2000);
  expect(verdicts).toEqual(others.map(() => ({ delayMs: 5000, early: 1 })));
  fails.clear();
});

it('what follows an event whose next try is due waits for it', async () => {
  const [first, second] = await tell(newId(), 2);
  fails.add(1);
  await first!(subscriber);
  fails.clear();
  await db.execute(sql`UPDATE events.retry SET next_attempt_at = now() - interval '1 second'`);
  const following = second!(subscriber);
  const another = new Subscriber({ db, consumer: counting, ladder: LADDER });
  expect(await Promise.all([first!(another), following])).toEqual(['done', 'done']);
});

it('what a rule refuses for good is a dead letter at once, and one however often it is delivered', async () => {
  const id = newId();
  const [receive] = await tell(id, 1);
  refuses.add(1);
  // Its process may die before the broker knows.
  expect([await receive!(subscriber), await receive!(subscriber)]).toEqual(['done', 'done']);
  refuses.clear();
  const letters = await db.query(sql`
    SELECT d.attempts FROM events.dead_letter d JOIN events.event e ON e.id = d.event_id WHERE e.aggregate_id = ${id}`);
  expect(letters).toEqual([{ attempts: 1 }]);
});

it('a new consumer neither waits for what was told before it was there, nor is told of it now', async () => {
  const id = newId();
  await tell(id, 1);
  const heard: number[] = [];
  const late = consumer('test.late', [on(Counted, async (_, { data: { n } }) => void heard.push(n))]);
  await db.execute(sql`
    INSERT INTO events.consumer_cursor (consumer, position, since) VALUES (${late.name}, clock_timestamp(), clock_timestamp())`);
  await db.inTx((tx) =>
    emit(tx, systemContext(), [fact(Counted, { type: 'test', id, version: 2 }, { n: 2 })]),
  );
  const [row] = await db.query<EventRow>(sql`
    SELECT * FROM events.event WHERE aggregate_id = ${id} AND aggregate_version = 2`);
  const raw = JSON.parse(JSON.stringify(fromRow(row!))) as unknown;
  const delivery = { raw, text: '', early: 0 };
  expect(await new Subscriber({ db, consumer: late, ladder: LADDER }).receive(delivery)).toBe('done');
  expect(heard).toEqual([2]);
});

/** As after a failover to a server that is no primary yet, or with a disk that is full. */
async function setReadOnly(on: boolean): Promise<void> {
  await withClient(database.url, async (client) => {
    await client.query('SET default_transaction_read_only = off');
    const { rows } = await client.query<{ name: string }>('SELECT current_database() AS name');
    await client.query(
      `ALTER DATABASE "${rows[0]!.name}" SET default_transaction_read_only = ${on ? 'on' : 'off'}`,
    );
    await client.query(`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`);
  });
}

it('a database that takes no writes costs an event no attempt: it is applied once there is one that does', async () => {
  const id = newId();
  const [receive] = await tell(id, 1);
  await setReadOnly(true);
  const verdict = receive!(subscriber);
  const outcome = await Promise.race([verdict, db.query(sql`SELECT pg_sleep(2)`).then(() => 'held')]);
  await setReadOnly(false);
  expect(outcome).toBe('held');
  expect(await verdict).toBe('done');
  expect(
    await db.query(sql`SELECT FROM events.retry r JOIN events.event e ON e.id = r.event_id
    WHERE e.aggregate_id = ${id}`),
  ).toEqual([]);
});

it('a failure that cannot be noted yet is held: given back, the event would come again at once', async () => {
  const [receive] = await tell(newId(), 1);
  fails.add(1);
  const tooLate = Object.assign(new Error('canceling statement due to statement timeout'), { code: '57014' });
  const noting = jest.spyOn(db, 'query').mockRejectedValueOnce(tooLate);
  expect(await receive!(subscriber)).toEqual({ delayMs: LADDER[0], early: 0 });
  expect(noting).toHaveBeenCalledTimes(2);
  noting.mockRestore();
  fails.clear();
});

it('what waits for the database when the process is to end is left with the broker: it has cost no attempt', async () => {
  const id = newId();
  const [receive] = await tell(id, 1);
  const away = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  const applying = jest.spyOn(db, 'inTx').mockRejectedValueOnce(away);
  const ending = new Subscriber({ db, consumer: counting, ladder: LADDER });
  const verdict = receive!(ending);
  await eventually(() => expect(applying).toHaveBeenCalled());
  applying.mockRestore();
  ending.stop();
  await expect(verdict).rejects.toThrow('ECONNREFUSED');
  expect(
    await db.query(sql`SELECT FROM events.retry r JOIN events.event e ON e.id = r.event_id
    WHERE e.aggregate_id = ${id}`),
  ).toEqual([]);
});
