import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { defineEvent } from '@order-system/contracts/define';
import { Database } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { createTestDatabase, type TestDatabase } from '@order-system/prisma/testing/test-database';
import { z } from 'zod';
import { consumer, on } from './consumer.js';
import { systemContext } from './context.js';
import { drainDeadLetters } from './dead-letter-drain.js';
import type { EventMessage } from './events.js';
import { fact, toMessage } from './outbox.js';
import { deleteTopology } from './testing/delete-topology.js';
import { eventually } from './testing/eventually.js';
import { rabbitTransport, type Transport } from './transport.js';

const AMQP_URL = process.env['AMQP_URL'] ?? 'amqp://guest:guest@localhost:5672';
const Deadly = defineEvent('test.deadly', 1, z.object({ text: z.string() }));
const deadly = consumer('test.deadly', [on(Deadly, async () => undefined)]);
const namespace = `test-${randomUUID().slice(0, 8)}`;
let database: TestDatabase;
let db: Database;
let transport: Transport;

beforeAll(async () => {
  database = await createTestDatabase();
  db = new Database({ url: database.url, service: 'events' });
  transport = rabbitTransport({ url: AMQP_URL, namespace, ladder: [20], service: 'test' });
});
afterAll(async () => {
  await transport.close();
  await db.close();
  await database.drop();
  await deleteTopology({ url: AMQP_URL, namespace, ladder: [20], consumers: [deadly.name], services: [] });
});

const message = (text: string): EventMessage =>
  toMessage(systemContext(), fact(Deadly, { type: 'test', id: newId(), version: 1 }, { text }));

it('turns what killed its consumer again and again into dead letters that people can see', async () => {
  const { broker } = transport;
  const deaths: string[] = [];
  const work = await broker.subscribe(deadly, 1, async ({ text }) => {
    deaths.push(text);
    throw new Error('as if the process had died');
  });
  await eventually(() => expect(transport.ready).toBe(true));
  // The last cannot be kept as it is: PostgreSQL has no NUL.
  const [applied, fatal, odd] = [message('applied'), message('fatal'), message('odd \u0000')];
  await db.execute(
    sql`INSERT INTO events.inbox (consumer, event_id) VALUES (${deadly.name}, ${applied.id}), ('test.other', ${fatal.id})`,
  );
  await broker.publish('test', [applied, fatal, odd]);
  await eventually(() => expect(new Set(deaths).size).toBe(3));

  const drain = await drainDeadLetters(db, broker);
  const letters = await eventually(async () => {
    const rows = await db.query<{ event_id: string; message: { data?: unknown } }>(sql`
      SELECT consumer, event_id, message, error, attempts FROM events.dead_letter ORDER BY dead_at`);
    expect(rows).toHaveLength(2);
    return rows;
  });
  await drain.close();
  await work.close();
  expect(deaths.length).toBeGreaterThanOrEqual(3 * 50);
  expect(letters).toMatchObject([
    { event_id: fatal.id },
    { event_id: odd.id, message: { text: expect.anything() } },
  ]);
  expect(letters[0]).toMatchObject({ consumer: 'test.deadly', message: JSON.parse(JSON.stringify(fatal)) });
  expect(letters[0]).toMatchObject({ error: expect.stringContaining('died'), attempts: 50 });
});
