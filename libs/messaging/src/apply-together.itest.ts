import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { defineEvent } from '@order-system/contracts/define';
import { SYSTEM } from '@order-system/contracts/primitives';
import { Database, type Tx } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { createTestDatabase, type TestDatabase } from '@order-system/prisma/testing/test-database';
import { z } from 'zod';
import { applyTogether } from './apply-together.js';
import { consumer, on } from './consumer.js';
import { recognise } from './deliver.js';
import type { EventMessage } from './events.js';
import { gather } from './gather.js';
import { emit, fact } from './outbox.js';

const Asked = defineEvent(
  'test.asked',
  1,
  z.object({ mode: z.enum(['fine', 'throws', 'breaks', 'shared', 'spoils', 'at commit']) }),
);
const Answered = defineEvent('test.answered', 1, z.object({}));
type Mode = 'fine' | 'throws' | 'breaks' | 'shared' | 'spoils' | 'at commit';

describe('events that are applied together', () => {
  let database: TestDatabase;
  let db: Database;
  let handled: string[] = [];
  const shares: number[] = [];
  const divide = gather(async (tx: Tx, divisors: number[]) => {
    shares.push(divisors.length);
    return tx.query(sql`SELECT 1 / d FROM unnest(${divisors}::int[]) AS d`);
  });
  const answering = consumer('test.answering', [
    on(Asked, async (tx, { id, aggregate, data: { mode } }, ctx) => {
      handled.push(id);
      if (mode === 'throws') throw new Error('not today');
      if (mode === 'breaks') await tx.query(sql`SELECT 1 / 0`);
      if (mode === 'shared') await divide(tx, 1);
      if (mode === 'spoils') await divide(tx, 0);
      // A version that is taken already is found when the transaction commits.
      const version = mode === 'at commit' ? 1 : 2;
      await emit(tx, ctx, [fact(Answered, { ...aggregate, version }, {})]);
    }),
  ]);

  beforeAll(async () => {
    database = await createTestDatabase();
    db = new Database({ url: database.url, service: 'events' });
  });
  beforeEach(() => void (handled = []));
  afterAll(async () => {
    await db.close();
    await database.drop();
  });

  const asked = (mode: Mode, version = 1): EventMessage => ({
    id: newId(),
    type: Asked.type,
    version: Asked.version,
    aggregate: { type: 'test', id: newId(), version },
    data: { mode },
    actor: SYSTEM,
    correlationId: 'c',
    causationId: null,
    occurredAt: new Date(),
  });
  const store = (tx: Tx, { id, aggregate, data }: EventMessage) =>
    tx.execute(sql`
      INSERT INTO events.event (id, type, schema_version, aggregate_type, aggregate_id, aggregate_version, data, actor,
        correlation_id, occurred_at)
      VALUES (${id}, ${Asked.type}, 1, 'test', ${aggregate.id}, ${aggregate.version}, ${JSON.stringify(data)}::jsonb,
        ${JSON.stringify(SYSTEM)}::jsonb, 'c', now())`);
  const given = async (...messages: EventMessage[]): Promise<EventMessage[]> => {
    await db.inTx(async (tx) => {
      for (const message of messages) await store(tx, message);
    });
    return messages;
  };
  const applied = async (messages: EventMessage[]) => {
    const settled = await applyTogether(
      db,
      answering,
      messages.map((one) => recognise(answering, one)),
    );
    return settled.map((one) => (one.status === 'fulfilled' ? one.value : String(one.reason)));
  };
  const transactions = async (messages: EventMessage[]) =>
    (
      await db.query<{ xmin: string }>(sql`
        SELECT DISTINCT xmin::text FROM events.inbox WHERE event_id = ANY(${messages.map(({ id }) => id)})`)
    ).length;
  const answers = async (messages: EventMessage[]) =>
    (
      await db.query(sql`
        SELECT FROM events.event WHERE aggregate_version = 2 AND type = ${Answered.type}
          AND aggregate_id = ANY(${messages.map(({ aggregate }) => aggregate.id)})`)
    ).length;

  it('are one transaction, with what they emit', async () => {
    const messages = await given(asked('fine'), asked('fine'), asked('fine'));
    expect(await applied(messages)).toEqual(['consumed', 'consumed', 'consumed']);
    expect(await transactions(messages)).toBe(1);
    expect(await answers(messages)).toBe(3);
  });

  it('are skipped when they were applied before, and left alone when one before them is missing', async () => {
    const [known, fresh] = await given(asked('fine'), asked('fine'));
    const [first, second] = [asked('fine'), asked('fine', 2)];
    second.aggregate.id = first.aggregate.id;
    await db.execute(sql`
      INSERT INTO events.consumer_cursor (consumer, position, since, types, replayable)
      VALUES ('test.answering', now() - interval '1 day', now() - interval '1 day', ${answering.types}::text[], false)`);
    await given(first, second);
    await applied([known!]);
    expect(await applied([known!, second, fresh!])).toEqual(['duplicate', 'early', 'consumed']);
    expect(await transactions([second])).toBe(0);
  });

  it.each([
    ['throws', 'Error: not today'],
    ['breaks', 'error: division by zero'],
  ] as const)('are applied although the handler of one %s, which is called once', async (mode, reason) => {
    const messages = await given(asked('fine'), asked(mode), asked('fine'));
    expect(await applied(messages)).toEqual(['consumed', reason, 'consumed']);
    expect(handled.filter((id) => id === messages[1]!.id)).toHaveLength(1);
    expect(await transactions(messages)).toBe(1);
    expect(await answers(messages)).toBe(2);
  });

  it('are applied one by one when what one of them emits cannot be stored', async () => {
    const messages = await given(asked('fine'), asked('at commit'), asked('fine'));
    const [before, broken, after] = await applied(messages);
    expect([before, after]).toEqual(['consumed', 'consumed']);
    expect(broken).toMatch(/duplicate key/);
    expect(await answers(messages)).toBe(2);
  });

  it('do together what their handlers ask for in one turn', async () => {
    shares.length = 0;
    const messages = await given(asked('shared'), asked('fine'), asked('shared'));
    expect(await applied(messages)).toEqual(['consumed', 'consumed', 'consumed']);
    expect(shares).toEqual([2]);
  });

  it('are applied one by one when what was done together fails: it costs those who are not to blame nothing', async () => {
    const messages = await given(asked('shared'), asked('spoils'), asked('shared'));
    expect(await applied(messages)).toEqual(['consumed', 'error: division by zero', 'consumed']);
    expect(await answers(messages)).toBe(2);
  });
});
