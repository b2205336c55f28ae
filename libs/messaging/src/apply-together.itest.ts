import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { defineEvent } from '@order-system/contracts/define';
import { SYSTEM } from '@order-system/contracts/primitives';
import { Database, type Tx } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { withClient } from '@order-system/prisma/migrate';
import { sql } from '@order-system/prisma/sql';
import { createTestDatabase, type TestDatabase } from '@order-system/prisma/testing/test-database';
import { z } from 'zod';
import { applyTogether } from './apply-together.js';
import { consumer, on } from './consumer.js';
import { recognise } from './deliver.js';
import type { EventMessage } from './events.js';
import { gather } from './gather.js';
import { emit, fact } from './outbox.js';

const MODES = [
  'fine',
  'throws',
  'breaks',
  'shared',
  'spoils',
  'collides',
  'fails again',
  'at commit',
] as const;
const Asked = defineEvent('test.asked', 1, z.object({ mode: z.enum(MODES) }));
const Answered = defineEvent('test.answered', 1, z.object({}));
type Mode = (typeof MODES)[number];

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
      const times = handled.filter((one) => one === id).length;
      if (mode === 'throws' || (mode === 'fails again' && times > 1)) throw new Error('not today');
      if (mode === 'breaks') await tx.query(sql`SELECT 1 / 0`);
      if (mode === 'shared') await divide(tx, 1);
      if (mode === 'spoils') await divide(tx, 0);
      if (mode === 'collides' && times === 1)
        await tx.query(sql`DO $$ BEGIN RAISE serialization_failure; END $$`);
      // A version that is taken already is found when the transaction commits.
      const version = mode === 'at commit' ? 1 : aggregate.version + 1;
      await emit(tx, ctx, [fact(Answered, { ...aggregate, version }, {})]);
    }),
  ]);

  beforeAll(async () => {
    database = await createTestDatabase();
    db = new Database({ url: database.url, service: 'events' });
    await db.execute(sql`
      INSERT INTO events.consumer_cursor (consumer, position, since, types, replayable)
      VALUES (${answering.name}, now() - interval '30 days', now() - interval '30 days', ${answering.types}::text[], false)`);
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
  const store = (tx: Tx, { id, aggregate, data, occurredAt }: EventMessage) =>
    tx.execute(sql`
      INSERT INTO events.event (id, type, schema_version, aggregate_type, aggregate_id, aggregate_version, data, actor,
        correlation_id, occurred_at)
      VALUES (${id}, ${Asked.type}, 1, 'test', ${aggregate.id}, ${aggregate.version}, ${JSON.stringify(data)}::jsonb,
        ${JSON.stringify(SYSTEM)}::jsonb, 'c', ${occurredAt})`);
  const given = async (...messages: EventMessage[]): Promise<EventMessage[]> => {
    await db.inTx(async (tx) => {
      for (const message of messages) await store(tx, message);
    });
    return messages;
  };
  const givenOfOne = (...versions: number[]): Promise<EventMessage[]> => {
    const aggregate = { type: 'test', id: newId() };
    return given(...versions.map((version) => ({ ...asked('fine'), aggregate: { ...aggregate, version } })));
  };
  const givenApplied = ({ id }: EventMessage) =>
    db.execute(sql`INSERT INTO events.inbox (consumer, event_id) VALUES (${answering.name}, ${id})`);
  const givenOnLadder = (messages: EventMessage[]) =>
    db.execute(sql`
      INSERT INTO events.retry (consumer, event_id, attempts, error, next_attempt_at)
      SELECT ${answering.name}, id, 1, 'not today', now() FROM unnest(${messages.map(({ id }) => id)}::uuid[]) AS id`);
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
    const [known, fresh] = await given(asked('fails again'), asked('fine'));
    const [first, second] = [asked('fine'), asked('fine', 2)];
    second.aggregate.id = first.aggregate.id;
    await given(first, second);
    await applied([known!]);
    await givenOnLadder([known!, second, fresh!]);
    expect(await applied([known!, second, fresh!])).toEqual(['duplicate', 'early', 'consumed']);
    expect(await transactions([second])).toBe(0);
    expect(await db.query(sql`SELECT event_id AS id FROM events.retry`)).toEqual([{ id: second.id }]);
  });

  it('wait for the nearest event before them, and for none once they were applied', async () => {
    const [first, , third] = await givenOfOne(1, 2, 3);
    await givenApplied(first!);
    expect(await applied([third!])).toEqual(['early']);
    await givenApplied(third!);
    expect(await applied([third!])).toEqual(['duplicate']);
  });

  it('wait for no event that is not for their consumer, nor for one that is a week old', async () => {
    // The answer to the first is the second.
    const [first, third] = await givenOfOne(1, 3);
    await applied([first!]);
    expect(await applied([third!])).toEqual(['consumed']);
    const aggregate = { type: 'test', id: newId(), version: 1 };
    const occurredAt = new Date(Date.now() - 8 * 86_400_000);
    await given({ ...asked('fine'), aggregate, occurredAt });
    const [next] = await given({ ...asked('fine'), aggregate: { ...aggregate, version: 2 } });
    expect(await applied([next!])).toEqual(['consumed']);
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

  it('are applied once more when they collide with another transaction', async () => {
    const messages = await given(asked('fine'), asked('collides'));
    expect(await applied(messages)).toEqual(['consumed', 'consumed']);
    expect(await transactions(messages)).toBe(1);
    expect(await answers(messages)).toBe(2);
  });

  it('fail for the reason for which they cannot be claimed, not for what that does to their handlers', async () => {
    const messages = await given(asked('shared'));
    const administer = (statement: string) => withClient(database.url, (client) => client.query(statement));
    await administer('REVOKE INSERT ON events.inbox FROM svc_events');
    const outcomes = await applied(messages);
    await administer('GRANT INSERT ON events.inbox TO svc_events');
    expect(outcomes).toEqual(['error: permission denied for table inbox']);
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
