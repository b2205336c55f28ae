import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { Database } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';
import { createTestDatabase, type TestDatabase } from '@order-system/prisma/testing/test-database';
import type { DeadMessage, EventBroker } from './broker.js';
import { drainDeadLetters } from './dead-letter-drain.js';
import { LocalBroker } from './local/local-broker.js';
import { eventually } from './testing/eventually.js';

const MOST_KEPT = 65_536;

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

/** What a broker hands out that has given up on something. */
async function drained() {
  let keep: ((dead: DeadMessage) => Promise<void>) | undefined;
  const broker: EventBroker = Object.assign(new LocalBroker(), {
    drain: async (take: typeof keep) => {
      keep = take;
      return { close: async () => undefined };
    },
  });
  const drain = await drainDeadLetters(db, broker);
  const dead = (text: string) => keep!({ consumer: 'test.deadly', raw: undefined, text, deliveries: 50 });
  return { dead, drain };
}

it('keeps what is no JSON as text, but not more of it than people look at', async () => {
  const { dead, drain } = await drained();
  await dead('{no json');
  await dead('x'.repeat(MOST_KEPT * 2));
  await drain.close();
  const letters = await db.query<{ message: { text: string } }>(sql`
    SELECT message FROM events.dead_letter ORDER BY dead_at`);
  expect(letters[0]).toEqual({ message: { text: '{no json' } });
  expect(letters[1]!.message.text).toHaveLength(MOST_KEPT);
});

it('holds what cannot be kept yet, until it can, or until it is to end', async () => {
  const { dead, drain } = await drained();
  const asking = jest.spyOn(db, 'query').mockRejectedValueOnce(new Error('away'));
  await dead('held');
  expect(asking).toHaveBeenCalledTimes(2);
  asking.mockRejectedValue(new Error('away'));
  const given = dead('given back');
  await eventually(() => expect(asking).toHaveBeenCalledTimes(3));
  await drain.close();
  await expect(given).rejects.toThrow('aborted');
  asking.mockRestore();
});
