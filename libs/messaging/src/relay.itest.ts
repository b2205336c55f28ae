import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { defineEvent } from '@order-system/contracts/define';
import { Database, type Tx } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { createTestDatabase, type TestDatabase } from '@order-system/prisma/testing/test-database';
import { z } from 'zod';
import type { EventBroker } from './broker.js';
import { systemContext } from './context.js';
import type { EventMessage } from './events.js';
import { emit, fact, onEmit } from './outbox.js';
import { MOST_TRIES } from './outbox.store.js';
import { Relay } from './relay.js';
import { eventually } from './testing/eventually.js';

const Counted = defineEvent('test.counted', 1, z.object({}));
const EVENTS = 150;

let database: TestDatabase;
let db: Database;
const relays: Relay[] = [];
const others: Database[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
  db = new Database({ url: database.url, service: 'events' });
});
afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.stop()));
  await Promise.all(others.splice(0).map((other) => other.close()));
});
afterAll(async () => {
  await db.close();
  await database.drop();
});

function startRelay(of: Database, broker: EventBroker): Relay {
  const relay = new Relay(of, broker, 'events');
  relays.push(relay);
  relay.start();
  return relay;
}

/** The database as another process of the service has it. */
function elsewhere(): Database {
  const other = new Database({ url: database.url, service: 'events' });
  others.push(other);
  return other;
}

/** Takes what comes together or not at all; a moment later it tells. */
function brokerThat(
  takes: (message: EventMessage) => boolean = () => true,
  open: () => Promise<void> = () => Promise.resolve(),
) {
  const published: EventMessage[] = [];
  const batches: number[] = [];
  const broker: Partial<EventBroker> = {
    ready: true,
    publish: async (_, messages) => {
      await open();
      await db.query(sql`SELECT 1 FROM pg_sleep(random() / 100)`);
      const taken = messages.every(takes) ? messages : [];
      batches.push(taken.length);
      published.push(...taken);
      return taken.map(({ id }) => id);
    },
  };
  const versionsOf = (id: string) =>
    published.filter(({ aggregate }) => aggregate.id === id).map(({ aggregate }) => aggregate.version);
  return { broker: broker as EventBroker, published, batches, versionsOf };
}

const emitAll = (from: Database, ids: readonly string[], version: number) =>
  from.inTx((tx) =>
    emit(
      tx,
      systemContext(),
      ids.map((id) => fact(Counted, { type: 'test', id, version }, {})),
    ),
  );

const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

const outboxOf = async (ids: readonly string[]) =>
  (await db.query(sql`SELECT FROM events.outbox WHERE aggregate_id = ANY(${ids})`)).length;

it('many relays publish the events of busy aggregates in order, each once, several at a time', async () => {
  const { broker, published, batches, versionsOf } = brokerThat();
  // Nobody publishes at once what another process emits.
  const other = elsewhere();
  for (let count = 0; count < 3; count += 1) startRelay(db, broker);
  const ids = [newId(), newId()];
  for (const version of upTo(EVENTS)) {
    await emitAll(other, ids, version);
    for (const relay of relays) relay.wake();
  }
  await eventually(() => expect(published).toHaveLength(EVENTS * ids.length));
  for (const id of ids) expect(versionsOf(id)).toEqual(upTo(EVENTS));
  expect(Math.max(...batches)).toBeGreaterThan(ids.length);
});

it('two processes that take turns with an aggregate publish its events in order, each once', async () => {
  const { broker, published, versionsOf } = brokerThat();
  const other = elsewhere();
  startRelay(db, broker);
  startRelay(other, broker);
  const ids = [newId(), newId()];
  for (const version of upTo(EVENTS)) await emitAll(version % 3 === 0 ? other : db, ids, version);
  await eventually(() => expect(published).toHaveLength(EVENTS * ids.length));
  for (const id of ids) expect(versionsOf(id)).toEqual(upTo(EVENTS));
  await eventually(async () => expect(await outboxOf(ids)).toBe(0));
});

it('publishes at once what its own process commits, and reads only what is left behind', async () => {
  const { broker, versionsOf } = brokerThat();
  startRelay(db, broker);
  const statements = jest.spyOn(db.relaxed, 'query');
  const id = newId();
  for (const version of upTo(EVENTS)) await emitAll(db, [id], version);
  await eventually(() => expect(versionsOf(id)).toEqual(upTo(EVENTS)));
  await eventually(async () => expect(await outboxOf([id])).toBe(0));
  const looks = statements.mock.calls.length;
  statements.mockRestore();
  expect(looks).toBeLessThan(EVENTS / 2);
});

it('keeps the order when the broker refuses an event that others are to follow', async () => {
  let refusals = 2;
  const { broker, versionsOf } = brokerThat(({ aggregate: { version } }) => version !== 2 || refusals-- <= 0);
  startRelay(db, broker);
  const id = newId();
  for (const version of upTo(5)) await emitAll(db, [id], version);
  await eventually(() => expect(versionsOf(id)).toHaveLength(5), 30_000);
  expect(versionsOf(id)).toEqual(upTo(5));
});

it('tries what the broker refuses again after a while that grows', async () => {
  const [id, another] = [newId(), newId()];
  const { broker, versionsOf } = brokerThat(({ aggregate }) => aggregate.id !== id);
  startRelay(db, broker);
  await emitAll(db, [id], 1);
  await eventually(async () => {
    const rows = await db.query(sql`
      SELECT attempts, available_at > now() + interval '1 second' AS "isLater" FROM events.outbox WHERE aggregate_id = ${id}`);
    expect(rows).toEqual([{ attempts: 2, isLater: true }]);
  });
  await db.execute(
    sql`UPDATE events.outbox SET available_at = now() + interval '1 hour' WHERE aggregate_id = ${id}`,
  );
  await emitAll(elsewhere(), [another], 1);
  await eventually(() => expect(versionsOf(another)).toEqual([1]));
  expect(await db.query(sql`SELECT attempts FROM events.outbox WHERE aggregate_id = ${id}`)).toEqual([
    { attempts: 2 },
  ]);
  await db.execute(sql`DELETE FROM events.outbox WHERE aggregate_id = ${id}`);
});

it('leaves what a full queue refuses to the log in the end, and goes on with what follows', async () => {
  const id = newId();
  let tries = 0;
  const { broker, versionsOf } = brokerThat(({ aggregate }) => {
    if (aggregate.id !== id || aggregate.version > 1) return true;
    tries += 1;
    return false;
  });
  const relay = startRelay(db, broker);
  await emitAll(db, [id], 1);
  await eventually(() => expect(tries).toBe(1));
  await emitAll(elsewhere(), [id], 2);
  await eventually(async () => {
    await db.execute(sql`UPDATE events.outbox SET available_at = now() WHERE aggregate_id = ${id}`);
    relay.wake();
    expect(versionsOf(id)).toEqual([2]);
  });
  expect(tries).toBe(MOST_TRIES);
  await eventually(async () => expect(await outboxOf([id])).toBe(0));
});

it('publishes what another process has taken and not published, once its lease has ended', async () => {
  const { broker, versionsOf } = brokerThat();
  const dying = elsewhere();
  onEmit(dying, {
    offer: () => ({ holds: () => false, take: () => undefined }),
    leftBehind: () => undefined,
  });
  const [id, next] = [newId(), newId()];
  await emitAll(dying, [id], 1);
  startRelay(db, broker);
  await emitAll(elsewhere(), [next], 1);
  await eventually(() => expect(versionsOf(next)).toEqual([1]));
  expect(versionsOf(id)).toEqual([]);
  await db.execute(sql`
    UPDATE events.outbox SET claimed_until = claimed_until - interval '5 seconds' WHERE aggregate_id = ${id}`);
  await eventually(() => expect(versionsOf(id)).toEqual([1]));
});

it('leaves alone what other services have told', async () => {
  const { broker, versionsOf } = brokerThat();
  const another = new Database({ url: database.url, service: 'orders' });
  others.push(another);
  const [theirs, own] = [newId(), newId()];
  await emitAll(another, [theirs], 1);
  startRelay(db, broker);
  await emitAll(elsewhere(), [own], 1);
  await eventually(() => expect(versionsOf(own)).toEqual([1]));
  expect([versionsOf(theirs), await outboxOf([theirs])]).toEqual([[], 1]);
  await another.execute(sql`DELETE FROM events.outbox WHERE aggregate_id = ${theirs}`);
});

it('an event happened when it was stored, not when its transaction began', async () => {
  const id = newId();
  await db.inTx(async (tx) => {
    await tx.query(sql`SELECT pg_sleep(0.01)`);
    await emitAll(elsewhere(), [id], 1);
    await emit(tx, systemContext(), [fact(Counted, { type: 'test', id, version: 2 }, {})]);
  });
  const told = await db.query(sql`
    SELECT aggregate_version AS version FROM events.event WHERE aggregate_id = ${id} ORDER BY occurred_at, aggregate_version`);
  expect(told).toEqual([{ version: 1 }, { version: 2 }]);
  await db.execute(sql`DELETE FROM events.outbox WHERE aggregate_id = ${id}`);
});

async function emitMany(count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newId());
  for (let from = 0; from < ids.length; from += 100) await emitAll(db, ids.slice(from, from + 100), 1);
  return ids;
}

/** Of these, the events that no relay has in its hands. */
async function waitingOf(ids: readonly string[]): Promise<number> {
  const [{ waiting } = { waiting: NaN }] = await db.query<{ waiting: number }>(sql`
    SELECT count(*) AS waiting FROM events.outbox WHERE aggregate_id = ANY(${ids}) AND claimed_until IS NULL`);
  return waiting;
}

it('holds no more than a thousand events in memory while the broker is slow; the rest waits in the outbox', async () => {
  const gate = Promise.withResolvers<void>();
  const { broker, published } = brokerThat(undefined, () => gate.promise);
  startRelay(db, broker);
  const ids = await emitMany(1500);
  const waiting = await waitingOf(ids);
  gate.resolve();
  expect(waiting).toBe(500);
  await eventually(() => expect(new Set(published.map(({ id }) => id)).size).toBe(ids.length));
  await eventually(async () => expect(await outboxOf(ids)).toBe(0));
});

it('has as much room as before once a broker that took nothing takes events again', async () => {
  let gate = Promise.withResolvers<void>();
  let isDown = true;
  const { broker, published, batches } = brokerThat(
    () => !isDown,
    () => gate.promise,
  );
  const relay = startRelay(db, broker);
  const given = await emitMany(1000);
  gate.resolve();
  await eventually(() => expect(batches).toContain(0));
  isDown = false;
  // As when the leases have ended.
  await db.execute(sql`
    UPDATE events.outbox SET claimed_until = NULL, available_at = now() WHERE aggregate_id = ANY(${given})`);
  relay.wake();
  await eventually(async () => expect(await outboxOf(given)).toBe(0));
  gate = Promise.withResolvers<void>();
  const ids = await emitMany(1500);
  const waiting = await waitingOf(ids);
  gate.resolve();
  expect(waiting).toBe(500);
  await eventually(() => expect(new Set(published.map(({ id }) => id)).size).toBe(2500));
});

it('stores an event without reading what else waits in the outbox', async () => {
  const one = new Database({ url: database.url, service: 'events', poolSize: 1 });
  others.push(one);
  onEmit(one, { offer: () => ({ holds: () => false, take: () => undefined }), leftBehind: () => undefined });
  const rowsRead = async () => {
    await one.query(sql`SELECT FROM pg_stat_force_next_flush()`);
    const [{ rows } = { rows: NaN }] = await one.query<{ rows: number }>(sql`
      SELECT seq_tup_read AS rows FROM pg_stat_user_tables WHERE schemaname = 'events' AND relname = 'outbox'`);
    return Number(rows);
  };
  const id = newId();
  await emitAll(one, [id], 1);
  await emitAll(one, [id], 2);
  const waiting = Array.from({ length: 3000 }, () => newId());
  await emitAll(db, waiting, 1);
  const before = await rowsRead();
  await emitAll(one, [id], 3);
  expect((await rowsRead()) - before).toBeLessThan(100);
});

it('what is told is on the disk: a transaction that emits waits for it, also one that otherwise would not', async () => {
  const waits = (work: (tx: Tx) => Promise<void>) => {
    const atCommit: string[] = [];
    const asked = (rows: { waits: string }[]) => atCommit.push(...rows.map((row) => row.waits));
    const ask = () => sql`SELECT current_setting('synchronous_commit') AS waits`;
    return db
      .inTx((tx) => work(tx).then(() => tx.defer(ask, asked)), { durable: false })
      .then(() => atCommit);
  };
  const facts = [fact(Counted, { type: 'test', id: newId(), version: 1 }, {})];
  expect(await waits((tx) => emit(tx, systemContext(), facts))).toEqual(['on']);
  expect(await waits((tx) => emit(tx, systemContext(), []))).toEqual(['off']);
});

it('ends in time, however much others have left in the outbox', async () => {
  await db.execute(sql`DELETE FROM events.outbox`);
  const { broker, published } = brokerThat();
  const ids = Array.from({ length: 40_000 }, () => newId());
  for (let from = 0; from < ids.length; from += 2000) await emitAll(db, ids.slice(from, from + 2000), 1);
  const relay = startRelay(elsewhere(), broker);
  const from = performance.now();
  await relay.stop();
  expect(performance.now() - from).toBeLessThan(4000);
  expect(published.length).toBeGreaterThan(0);
  expect(published.length + (await db.execute(sql`DELETE FROM events.outbox`))).toBe(ids.length);
});
