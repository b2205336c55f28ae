import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { defineEvent } from '@order-system/contracts/define';
import { SYSTEM } from '@order-system/contracts/primitives';
import { Database } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { createTestDatabase, type TestDatabase } from '@order-system/prisma/testing/test-database';
import { z } from 'zod';
import { consumer, on } from './consumer.js';
import { systemContext } from './context.js';
import { redeliverHandler } from './redeliver.js';

const DAY_MS = 86_400_000;
const Paid = defineEvent('test.paid', 1, z.object({}));

const handled: string[] = [];
const hears = (name: string, replayable: boolean) =>
  consumer(name, [on(Paid, async (tx) => tx.afterCommit(() => handled.push(name)))], { replayable });

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

it.each([
  ['acts outside, and nobody remembers whether it has', { replayable: false, days: 30 }, 'failed'],
  ['acts outside, and it would be remembered if it had', { replayable: false, days: 28 }, 'consumed'],
  ['writes the same rows again, however old it is', { replayable: true, days: 30 }, 'consumed'],
])('a replayed event of a consumer that %s', async (_, { replayable, days }, outcome) => {
  const consumers = [hears(`test.${newId()}`, replayable)];
  const { handler } = redeliverHandler('test', db, consumers);
  const message = {
    id: newId(),
    type: Paid.type,
    version: 1,
    aggregate: { type: 'test', id: newId(), version: 1 },
    data: {},
    actor: SYSTEM,
    correlationId: 'c',
    causationId: null,
    occurredAt: new Date(Date.now() - days * DAY_MS).toISOString(),
  };
  const input = { consumer: consumers[0]!.name, message, again: true };
  const times = outcome === 'consumed' ? 1 : 0;
  const timesHandled = () => handled.filter((name) => name === input.consumer).length;
  expect(await handler(input, systemContext())).toMatchObject({ outcome });
  expect(timesHandled()).toBe(times);
  await handler(input, systemContext());
  expect(timesHandled()).toBe(replayable ? 2 : times);
});
