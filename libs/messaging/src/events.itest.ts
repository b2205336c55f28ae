import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { defineEvent } from '@order-system/contracts/define';
import { Database, type Tx } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { createTestDatabase, type TestDatabase } from '@order-system/prisma/testing/test-database';
import { connect } from 'amqplib';
import { z } from 'zod';
import { CatchUp } from './catch-up.js';
import { consumer, on } from './consumer.js';
import { systemContext } from './context.js';
import { emit, fact } from './outbox.js';
import { names } from './rabbitmq/topology.js';
import { Relay } from './relay.js';
import { Subscriber } from './subscriber.js';
import { eventually } from './testing/eventually.js';
import { deleteTopology } from './testing/delete-topology.js';
import { Spy } from './testing/spy.js';
import { localTransport, rabbitTransport, type Transport } from './transport.js';

const Counted = defineEvent(
  'test.counted',
  1,
  z.object({ n: z.int(), fail: z.enum(['no', 'always', 'once']) }),
);
const AMQP_URL = process.env['AMQP_URL'] ?? 'amqp://guest:guest@localhost:5672';
const LADDER = [20, 20, 20, 20];

describe.each(['local', 'rabbitmq'] as const)('events over the %s transport', (kind) => {
  const namespace = `test-${randomUUID().slice(0, 8)}`;
  const applied: { id: string; n: number }[] = [];
  const failed = new Map<string, number>();
  const spy = new Spy();
  let database: TestDatabase;
  let db: Database;
  let transport: Transport;
  let relay: Relay;
  let close: (() => Promise<void>)[];

  const counting = consumer('test.counting', [
    on(Counted, async (tx, event) => {
      const { n, fail } = event.data;
      const failures = failed.get(event.id) ?? 0;
      failed.set(event.id, failures + 1);
      if (fail === 'always' || (fail === 'once' && failures === 0)) throw new Error('not today');
      tx.afterCommit(() => applied.push({ id: event.aggregate.id, n }));
    }),
  ]);

  const count = (tx: Tx, id: string, n: number, fail: 'no' | 'always' | 'once' = 'no') =>
    emit(tx, systemContext(), [fact(Counted, { type: 'test', id, version: n }, { n, fail })]);

  const eventIds = async (aggregate: string) =>
    (
      await db.query<{ id: string }>(
        sql`SELECT id FROM events.event WHERE aggregate_id = ${aggregate} ORDER BY aggregate_version`,
      )
    ).map(({ id }) => id);

  beforeAll(async () => {
    database = await createTestDatabase();
    db = new Database({ url: database.url, service: 'events' });
    transport =
      kind === 'local'
        ? localTransport()
        : rabbitTransport({ url: AMQP_URL, namespace, ladder: LADDER, service: 'test' });
    const subscriber = new Subscriber({ db, consumer: counting, ladder: LADDER, spy });
    const catchUp = new CatchUp(db, counting, subscriber, 60_000);
    await catchUp.start(0);
    const queue = await transport.broker.subscribe(counting, 10, (delivery) => subscriber.receive(delivery));
    // What is published before the queue is there would be found by catch-up only.
    await eventually(() => expect(transport.ready).toBe(true));
    relay = new Relay(db, transport.broker, 'events');
    relay.start();
    close = [() => catchUp.stop(), () => queue.close(), () => relay.stop(), () => transport.close()];
  });

  afterAll(async () => {
    for (const one of close) await one();
    await db.close();
    await database.drop();
    if (kind === 'rabbitmq')
      await deleteTopology({
        url: AMQP_URL,
        namespace,
        ladder: LADDER,
        consumers: [counting.name],
        services: [],
      });
  });

  it('tells nothing of a change that was rolled back', async () => {
    const id = newId();
    const rolledBack = db.inTx(async (tx) => {
      await count(tx, id, 1);
      throw new Error('changed my mind');
    });
    await expect(rolledBack).rejects.toThrow('changed my mind');
    expect(await eventIds(id)).toEqual([]);
  });

  it('applies the events of an aggregate in order, each once, while many aggregates move', async () => {
    const ids = Array.from({ length: 20 }, () => newId());
    for (let n = 1; n <= 5; n += 1) await Promise.all(ids.map((id) => db.inTx((tx) => count(tx, id, n))));
    for (const id of ids) for (const event of await eventIds(id)) await spy.waitFor(event, 'consumed');
    for (const id of ids)
      expect(applied.filter((one) => one.id === id).map(({ n }) => n)).toEqual([1, 2, 3, 4, 5]);
  });

  it('ignores an event that comes a second time', async () => {
    const id = newId();
    await db.inTx((tx) => count(tx, id, 1));
    const [event = ''] = await eventIds(id);
    await spy.waitFor(event, 'consumed');
    // Not before the relay has removed its own row.
    await eventually(() =>
      db.execute(sql`
      INSERT INTO events.outbox (event_id, source, aggregate_id, aggregate_version) VALUES (${event}, 'events', ${id}, 1)`),
    );
    relay.wake();
    await spy.waitFor(event, 'duplicate');
    expect(applied.filter((one) => one.id === id)).toHaveLength(1);
  });

  it('tries again after a failure, and keeps the aggregate in order meanwhile', async () => {
    const id = newId();
    await db.inTx((tx) => count(tx, id, 1, 'once'));
    await db.inTx((tx) => count(tx, id, 2));
    const [, second = ''] = await eventIds(id);
    await spy.waitFor(second, 'consumed');
    expect(applied.filter((one) => one.id === id).map(({ n }) => n)).toEqual([1, 2]);
  });

  it('gives up on a handler that always throws after 5 attempts, with the reason, and moves on', async () => {
    const id = newId();
    await db.inTx((tx) => count(tx, id, 1, 'always'));
    await db.inTx((tx) => count(tx, id, 2));
    const [poison = '', next = ''] = await eventIds(id);
    await spy.waitFor(poison, 'dead');
    await spy.waitFor(next, 'consumed');
    expect(failed.get(poison)).toBe(5);
    const letters = await db.query(
      sql`SELECT attempts, error FROM events.dead_letter WHERE event_id = ${poison}`,
    );
    expect(letters).toEqual([{ attempts: 5, error: 'Error: not today' }]);
    expect(await db.query(sql`SELECT FROM events.retry WHERE event_id = ${poison}`)).toEqual([]);
  });

  it('finds what the transport has lost', async () => {
    const id = newId();
    await db.inTx((tx) => count(tx, id, 1));
    // As if the broker had been purged: published, but never delivered.
    const lost = await db.execute(sql`DELETE FROM events.outbox WHERE aggregate_id = ${id}`);
    const subscriber = new Subscriber({ db, consumer: counting, ladder: LADDER, spy });
    const catchUp = new CatchUp(db, counting, subscriber, 60_000);
    await catchUp.start(0);
    await catchUp.stop();
    const [event = ''] = await eventIds(id);
    await spy.waitFor(event, 'consumed');
    expect([0, 1]).toContain(lost);
    expect(applied.filter((one) => one.id === id)).toHaveLength(1);
  });

  it('tells a consumer of a system that is just coming up what was said before it was there', async () => {
    const [id, name] = [newId(), `test.late-${kind}`];
    await db.inTx((tx) => count(tx, id, 1));
    const [event = ''] = await eventIds(id);
    await spy.waitFor(event, 'consumed');
    await eventually(async () =>
      expect(await db.query(sql`SELECT FROM events.outbox WHERE event_id = ${event}`)).toEqual([]),
    );
    const late = { ...counting, name };
    const subscriber = new Subscriber({ db, consumer: late, ladder: LADDER });
    const catchUp = new CatchUp(db, late, subscriber, 60_000);
    await catchUp.start(60_000);
    await catchUp.stop();
    const found = await db.query(sql`
      SELECT FROM events.inbox WHERE event_id = ${event} AND consumer = ${name}`);
    expect(found).toHaveLength(1);
  });

  it('does not look past the present while the clock of its process is a month ahead', async () => {
    const name = `test.ahead-${kind}`;
    const ahead = consumer(name, []);
    const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 31 * 86_400_000);
    const catchUp = new CatchUp(db, ahead, new Subscriber({ db, consumer: ahead, ladder: LADDER }), 60_000);
    await catchUp.start(0);
    await catchUp.stop();
    clock.mockRestore();
    const cursors = await db.query(sql`
      SELECT position <= now() AS "isPast" FROM events.consumer_cursor WHERE consumer = ${name}`);
    expect(cursors).toEqual([{ isPast: true }]);
  });

  // Nothing foreign can come in within a process.
  if (kind === 'local') return;
  it('keeps messages that are no events as dead letters, at once', async () => {
    const connection = await connect(AMQP_URL);
    const channel = await connection.createConfirmChannel();
    const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
    const unknown = [{ version: 9 }, { type: 'test.\0' }].map((more) =>
      JSON.stringify({ ...foreign(), ...more }),
    );
    const endless = JSON.stringify({ ...foreign(), aggregate: { type: 'test', id: newId(), version: 3e9 } });
    for (const text of ['{not json', '{"id":1}', deep, endless, ...unknown])
      channel.publish('', names(namespace).work(counting.name), Buffer.from(text));
    await channel.waitForConfirms();
    await connection.close();
    const id = newId();
    await db.inTx((tx) => count(tx, id, 1));
    const [event = ''] = await eventIds(id);
    await spy.waitFor(event, 'consumed');
    const letters = await eventually(async () => {
      const found = await db.query<{ error: string }>(sql`
        SELECT error FROM events.dead_letter WHERE attempts = 1 ORDER BY error LIKE '%.v1', error LIKE '%.v9'`);
      expect(found).toHaveLength(6);
      return found;
    });
    expect(letters.map(({ error }) => error)).toEqual([
      ...['not an event', 'not an event', 'not an event', 'not an event'].map((text) =>
        expect.stringContaining(text),
      ),
      expect.stringContaining('does not know test.counted.v9'),
      expect.stringContaining('does not know test..v1'),
    ]);
  });
});

const foreign = () => ({
  id: newId(),
  type: 'test.counted',
  version: 1,
  aggregate: { type: 'test', id: newId(), version: 1 },
  data: { n: 1, fail: 'no' },
  actor: { id: null, role: 'system' },
  correlationId: 'c',
  causationId: null,
  occurredAt: new Date().toISOString(),
});
