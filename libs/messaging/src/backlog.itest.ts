import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { registry } from '@order-system/observability/metrics';
import { Database } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { createTestDatabase, type TestDatabase } from '@order-system/prisma/testing/test-database';
import { showBacklog } from './backlog.js';
import { consumer } from './consumer.js';
import { systemContext } from './context.js';
import { keepDeadLetter } from './dead-letter.js';
import { emit } from './outbox.js';

const CONSUMERS = [consumer('orders.first', []), consumer('orders.second', [])];

let database: TestDatabase;
let db: Database;
let shown: { hide(): void }[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
  db = new Database({ url: database.url, service: 'orders' });
});
afterEach(() => {
  for (const one of shown.splice(0)) one.hide();
});
afterAll(async () => {
  await db.close();
  await database.drop();
});

const lines = async (): Promise<string[]> =>
  (await registry.metrics()).split('\n').filter((line) => /^(outbox_events|dead_letters)\{/.test(line));

it('tells how many events wait to be published, and how many each consumer has given up on', async () => {
  shown = [showBacklog(db, 'orders', CONSUMERS)];
  const empty = ['outbox_events{service="orders"} 0'];
  const none = ['dead_letters{consumer="orders.first"} 0', 'dead_letters{consumer="orders.second"} 0'];
  expect(await lines()).toEqual(expect.arrayContaining([...empty, ...none]));
  const facts = [1, 2].map(() => ({
    type: 'test.counted',
    schemaVersion: 1,
    data: {},
    aggregate: { type: 'test', id: newId(), version: 1 },
  }));
  await db.inTx((tx) => emit(tx, systemContext(), facts));
  const letter = { consumer: 'orders.second', eventId: newId(), message: {}, error: 'no', attempts: 1 };
  await keepDeadLetter(db, letter);
  expect((await lines()).sort()).toEqual([
    'dead_letters{consumer="orders.first"} 0',
    'dead_letters{consumer="orders.second"} 1',
    'outbox_events{service="orders"} 2',
  ]);
});

it('tells of the services that can be asked, and nothing instead of zero of the others', async () => {
  const gone = new Database({ url: database.url, service: 'chat' });
  await gone.close();
  shown = [showBacklog(gone, 'chat', []), showBacklog(db, 'orders', [])];
  expect(await lines()).toEqual([expect.stringMatching(/^outbox_events\{service="orders"\} \d+$/)]);
});

it('tells nothing of a service that has ended', async () => {
  showBacklog(db, 'orders', CONSUMERS).hide();
  expect(await lines()).toEqual([]);
});

it('tells the same to all who look at once', async () => {
  shown = [showBacklog(db, 'orders', CONSUMERS)];
  const [first = [], ...others] = await Promise.all(Array.from({ length: 10 }, lines));
  expect(first).toHaveLength(3);
  for (const other of others) expect(other).toEqual(first);
});
