import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { defineEvent } from '@order-system/contracts/define';
import { DomainError } from '@order-system/contracts/errors';
import { Database } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { createTestDatabase, type TestDatabase } from '@order-system/prisma/testing/test-database';
import { z } from 'zod';
import type { Verdict } from './broker.js';
import { CatchUp } from './catch-up.js';
import { consumer, on } from './consumer.js';
import { systemContext } from './context.js';
import { type EventRow, fromRow } from './events.js';
import { emit, fact } from './outbox.js';
import { Subscriber } from './subscriber.js';

const Counted = defineEvent('test.counted', 1, z.object({ n: z.int() }));
const Unasked = defineEvent('test.unasked', 1, z.object({ n: z.int() }));
const LADDER = [5000, 30_000];
const EARLY = { delayMs: LADDER[0], early: 1 };

let handled: number[] = [];
const failures = new Map<number, Error>();
const counting = consumer('test.counting', [
  on(Counted, async (tx, { data: { n } }) => {
    const failure = failures.get(n);
    if (failure) throw failure;
    tx.afterCommit(() => handled.push(n));
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
beforeEach(() => {
  handled = [];
  failures.clear();
});
afterAll(async () => {
  await db.close();
  await database.drop();
});

/** Tells them, and delivers nothing but the last. */
async function deliverLast(id: string, ...kinds: (typeof Counted)[]): Promise<Verdict> {
  const facts = kinds.map((kind, i) => fact(kind, { type: 'test', id, version: i + 1 }, { n: i + 1 }));
  await db.inTx((tx) => emit(tx, systemContext(), facts));
  const rows = await db.query<EventRow>(sql`
    SELECT * FROM events.event WHERE aggregate_id = ${id} ORDER BY aggregate_version DESC LIMIT 1`);
  const raw = JSON.parse(JSON.stringify(fromRow(rows[0]!))) as unknown;
  return subscriber.receive({ raw, text: '', early: 0 });
}

/** Which versions wait on the ladder, and which are dead letters. */
const failed = async (id: string) => {
  const [row] = await db.query<{ waiting: number[]; dead: number[] }>(sql`
    SELECT array(SELECT e.aggregate_version FROM events.retry r JOIN events.event e ON e.id = r.event_id
        WHERE e.aggregate_id = ${id}) AS waiting,
      array(SELECT e.aggregate_version FROM events.dead_letter d JOIN events.event e ON e.id = d.event_id
        WHERE e.aggregate_id = ${id}) AS dead`);
  return row;
};

it('an early event brings what it has to wait for with it, in order', async () => {
  expect(await deliverLast(newId(), Counted, Unasked, Counted, Counted)).toBe('done');
  expect(handled).toEqual([1, 3, 4]);
});

it('what fails before it is noted as failed, and both are tried again', async () => {
  const id = newId();
  failures.set(1, new Error('not today'));
  expect(await deliverLast(id, Counted, Counted)).toEqual(EARLY);
  expect(await failed(id)).toEqual({ waiting: [1], dead: [] });
});

it.each([
  ['is refused for good', new DomainError('ILLEGAL_TRANSITION', 'never')],
  ['takes the database too long', Object.assign(new Error('canceling statement'), { code: '57014' })],
])('what %s before it is left to its own delivery', async (_, failure) => {
  const id = newId();
  failures.set(1, failure);
  expect(await deliverLast(id, Counted, Counted)).toEqual(EARLY);
  expect(await failed(id)).toEqual({ waiting: [], dead: [] });
});

it('a poisoned event before it does not poison it', async () => {
  const id = newId();
  await db.execute(sql`
    INSERT INTO events.event VALUES (${newId()}, ${Counted.type}, 1, 'test', ${id}, 0, '{"n": "one"}',
      '{"id": null, "role": "system"}', 'c', NULL, now())`);
  expect(await deliverLast(id, Unasked, Counted)).toEqual(EARLY);
  expect(await failed(id)).toEqual({ waiting: [], dead: [] });
});
