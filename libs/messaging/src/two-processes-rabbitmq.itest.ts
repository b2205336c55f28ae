import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
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
import { Relay } from './relay.js';
import { Subscriber } from './subscriber.js';
import { eventually } from './testing/eventually.js';
import { deleteTopology } from './testing/delete-topology.js';
import { rabbitTransport, type Transport } from './transport.js';

const Counted = defineEvent('test.counted', 1, z.object({ n: z.int() }));
const AMQP_URL = process.env['AMQP_URL'] ?? 'amqp://guest:guest@localhost:5672';
const LADDER = [5000, 30_000, 300_000, 1_800_000];
const BURST = 300;
const WITHIN_MS = 20_000;

const namespace = `test-${randomUUID().slice(0, 8)}`;
const applied = new Set<number>();
const outOfOrder: number[] = [];
let database: TestDatabase;
const close: (() => Promise<void>)[] = [];
let db: Database;

// One slow event, as when a process has to wait for its CPU or the disk.
const counting = consumer('test.counting', [
  on(Counted, async (tx, { data: { n } }) => {
    if (n === 20) await tx.query(sql`SELECT pg_sleep(1)`);
    const [{ before } = { before: 0 }] = await tx.query<{ before: number }>(sql`
      SELECT count(*)::int - 1 AS before FROM events.inbox WHERE consumer = 'test.counting'`);
    tx.afterCommit(() => {
      applied.add(n);
      if (before !== n - 1) outOfOrder.push(n);
    });
  }),
]);

beforeAll(async () => {
  database = await createTestDatabase();
  const processes: Transport[] = [];
  for (const _ of [1, 2]) {
    const own = new Database({ url: database.url, service: 'events' });
    db = own;
    const transport = rabbitTransport({ url: AMQP_URL, namespace, ladder: LADDER, service: 'test' });
    const subscriber = new Subscriber({ db: own, consumer: counting, ladder: LADDER });
    const catchUp = new CatchUp(own, counting, subscriber, 60_000);
    await catchUp.start(0);
    const queue = await transport.broker.subscribe(counting, 10, (delivery) => subscriber.receive(delivery));
    await eventually(() => expect(transport.ready).toBe(true));
    processes.push(transport);
    close.push(async () => {
      subscriber.stop();
      await catchUp.stop();
      await queue.close();
      await transport.close();
      await own.close();
    });
  }
  const relay = new Relay(db, processes[0]!.broker, 'events');
  relay.start();
  close.unshift(() => relay.stop());
});

afterAll(async () => {
  for (const one of close) await one();
  await database.drop();
  await deleteTopology({
    url: AMQP_URL,
    namespace,
    consumers: ['test.counting'],
    ladder: LADDER,
    services: [],
  });
});

it('applies a burst about one thing in order and at once, also when two processes share it', async () => {
  const id = newId();
  const numbers = Array.from({ length: BURST }, (_, index) => index + 1);
  const facts = numbers.map((n) => fact(Counted, { type: 'test', id, version: n }, { n }));
  await db.inTx((tx) => emit(tx, systemContext(), facts));
  await eventually(() => expect(applied.size).toBe(BURST), WITHIN_MS);
  expect(outOfOrder).toEqual([]);
});
