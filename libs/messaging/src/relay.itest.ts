import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { defineEvent } from '@order-system/contracts/define';
import { Database } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { createTestDatabase, type TestDatabase } from '@order-system/prisma/testing/test-database';
import { z } from 'zod';
import type { EventBroker } from './broker.js';
import { systemContext } from './context.js';
import { emit, fact } from './outbox.js';
import { Relay } from './relay.js';
import { eventually } from './testing/eventually.js';

const Counted = defineEvent('test.counted', 1, z.object({}));
const EVENTS = 150;

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

it('many relays publish the events of busy aggregates in order, each once, several at a time', async () => {
  const published: { id: string; version: number }[] = [];
  const batches: number[] = [];
  const broker: Partial<EventBroker> = {
    ready: true,
    publish: async (_, messages) => {
      await db.query(sql`SELECT 1 FROM pg_sleep(random() / 100)`);
      batches.push(messages.length);
      published.push(...messages.map(({ aggregate }) => aggregate));
      return messages.map(({ id }) => id);
    },
  };
  const relays = [1, 2, 3].map(() => new Relay(db, broker as EventBroker, 'events'));
  for (const relay of relays) relay.start();
  const ids = [newId(), newId()];
  for (let version = 1; version <= EVENTS; version += 1) {
    await db.inTx((tx) =>
      emit(
        tx,
        systemContext(),
        ids.map((id) => fact(Counted, { type: 'test', id, version }, {})),
      ),
    );
    for (const relay of relays) relay.wake();
  }
  await eventually(() => expect(published).toHaveLength(EVENTS * ids.length));
  await Promise.all(relays.map((relay) => relay.stop()));
  const inOrder = Array.from({ length: EVENTS }, (_, i) => i + 1);
  for (const id of ids)
    expect(published.filter((one) => one.id === id).map(({ version }) => version)).toEqual(inOrder);
  expect(Math.max(...batches)).toBeGreaterThan(ids.length);
});
