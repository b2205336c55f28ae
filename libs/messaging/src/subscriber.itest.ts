import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { defineEvent } from '@order-system/contracts/define';
import { DomainError } from '@order-system/contracts/errors';
import { Database, type Tx } from '@order-system/prisma/database';
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

const Charged = defineEvent('test.charged', 1, z.object({ orderId: z.string() }));
const fails = new Set<number>();
const isSlow = new Set<number>();
const refuses = new Set<number>();
const counting = consumer('test.counting', [
  on(Counted, async (_, { data: { n } }) => {
    if (fails.has(n)) throw new Error('not today');
    if (isSlow.has(n)) throw Object.assign(new Error('canceling statement'), { code: '57014' });
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
async function tell(id: string, upTo: number) {
  const versions = Array.from({ length: upTo }, (_, index) => index + 1);
  const facts = versions.map((n) => fact(Counted, { type: 'test', id, version: n }, { n }));
  await db.inTx((tx) => emit(tx, systemContext(), facts));
  return deliveriesOf(id);
}

async function deliveriesOf(id: string): Promise<((by: Subscriber, early?: number) => Promise<Verdict>)[]> {
  const rows = await db.query<EventRow>(sql`
    SELECT * FROM events.event WHERE aggregate_id = ${id} ORDER BY aggregate_version`);
  const raws = rows.map((row) => JSON.parse(JSON.stringify(fromRow(row))) as unknown);
  return raws.map(
    (raw) =>
      (by, early = 0) =>
        by.receive({ raw, text: '', early }),
  );
}

it('what follows an event that is on the ladder makes room for others at once', async () => {
  const [first, ...others] = await tell(newId(), 1 + FOLLOWERS);
  fails.add(1);
  expect(await first!(subscriber)).toMatchObject({ delayMs: 5000 });
  const from = performance.now();
  const verdicts = await Promise.all(others.map((receive) => receive(subscriber)));
  expect(performance.now() - from).toBeLessThan(2000);
  expect(verdicts).toEqual(others.map(() => ({ delayMs: 5000, early: 1 })));
  // Longer and longer.
  for (const early of [1, 2])
    expect(await others[0]!(subscriber, early)).toEqual({ delayMs: 30_000, early: early + 1 });
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
  // Times are kept to the millisecond, and what was told in the same one counts as told after.
  await db.execute(sql`
    INSERT INTO events.consumer_cursor (consumer, position, since)
    SELECT ${late.name}, at, at FROM (SELECT clock_timestamp() + interval '1 millisecond') AS now(at)`);
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
    const { rows: ended } = await client.query<{ pid: number }>(`
      SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`);
    // Until then the pool may still hand them out.
    await eventually(async () => {
      const pids = ended.map(({ pid }) => pid);
      const left = await client.query('SELECT FROM pg_stat_activity WHERE pid = ANY($1)', [pids]);
      expect(left.rowCount).toBe(0);
    });
  });
}

it('a database that takes no writes costs an event no attempt: it is applied once there is one that does', async () => {
  const id = newId();
  const [receive] = await tell(id, 1);
  await setReadOnly(true);
  const applying = jest.spyOn(db, 'inTx');
  const verdict = receive!(subscriber);
  const held = eventually(() => expect(applying.mock.calls.length).toBeGreaterThan(2)).then(() => 'held');
  const outcome = await Promise.race([verdict, held]).finally(() => setReadOnly(false));
  applying.mockRestore();
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

it('a handler for which the database takes too long costs an attempt, or it would be tried without end', async () => {
  const [receive] = await tell(newId(), 1);
  isSlow.add(1);
  const held = db.searches.query(sql`SELECT pg_sleep(3)`).then(() => 'held');
  expect(await Promise.race([receive!(subscriber), held])).toEqual({ delayMs: LADDER[0], early: 0 });
  isSlow.clear();
});

it('what fails climbs the ladder, and is a dead letter since its first failure; to others it is nothing', async () => {
  const id = newId();
  const [receive] = await tell(id, 1);
  fails.add(1);
  const ofId = sql`event_id = (SELECT id FROM events.event WHERE aggregate_id = ${id})`;
  await db.execute(sql`
    INSERT INTO events.retry (consumer, event_id, attempts, error, next_attempt_at)
    SELECT 'test.other', id, 1, 'not today', now() FROM events.event WHERE aggregate_id = ${id}`);
  for (const [index, delayMs] of LADDER.entries()) {
    expect(await receive!(subscriber)).toEqual({ delayMs, early: 0 });
    const isDue = sql`next_attempt_at - now() BETWEEN (${delayMs} - 2000) * interval '1 ms' AND ${delayMs} * interval '1 ms'`;
    expect(
      await db.query(
        sql`SELECT attempts, ${isDue} AS "isDue" FROM events.retry WHERE consumer = ${counting.name} AND ${ofId}`,
      ),
    ).toEqual([{ attempts: index + 1, isDue: true }]);
  }
  await db.execute(
    sql`UPDATE events.retry SET first_failed_at = '2026-01-01' WHERE consumer = ${counting.name} AND ${ofId}`,
  );
  expect(await receive!(subscriber)).toBe('done');
  fails.clear();
  expect(
    await db.query(sql`SELECT attempts, first_failed_at AS since FROM events.dead_letter WHERE ${ofId}`),
  ).toEqual([{ attempts: 3, since: new Date('2026-01-01') }]);
  expect(await db.query(sql`SELECT consumer FROM events.retry WHERE ${ofId}`)).toEqual([
    { consumer: 'test.other' },
  ]);
});

describe('what comes at once', () => {
  const charged = async (count: number, orderId: string | undefined) => {
    const ids = Array.from({ length: count }, () => newId());
    const facts = ids.map((id) =>
      fact(Charged, { type: 'test', id, version: 1 }, { orderId: orderId ?? newId() }),
    );
    await db.inTx((tx) => emit(tx, systemContext(), facts));
    return (await Promise.all(ids.map(deliveriesOf))).flat();
  };
  const applying = (patienceMs: number) => {
    const transactions: string[] = [];
    const handle = async (tx: Tx) => {
      const [row] = await tx.query<{ id: string }>(
        sql`SELECT pg_current_xact_id()::text AS id FROM pg_sleep(0.05)`,
      );
      tx.afterCommit(() => transactions.push(row!.id));
    };
    const charging = consumer(`test.charging${patienceMs}`, [on(Charged, handle)], { patienceMs });
    return { by: new Subscriber({ db, consumer: charging, ladder: LADDER }), transactions };
  };

  it('is applied one after the other when it is about one order', async () => {
    const { by, transactions } = applying(0);
    await Promise.all((await charged(3, newId())).map((receive) => receive(by)));
    expect(new Set(transactions).size).toBe(3);
  });

  it('or nearly at once is applied together when nobody waits for it', async () => {
    const { by, transactions } = applying(1000);
    const [first, second] = await charged(2, undefined);
    const verdict = first!(by);
    await db.query(sql`SELECT pg_sleep(0.1)`);
    await Promise.all([verdict, second!(by)]);
    expect(new Set(transactions).size).toBe(1);
  });
});
