import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CallInput } from '@order-system/contracts/define';
import {
  GetEvent,
  GetEventHealth,
  GetEventStats,
  GetReplay,
  ListEvents,
  StartReplay,
} from '@order-system/contracts/events.contracts';
import { eventually } from '@order-system/messaging/testing/eventually';
import { newId } from '@order-system/prisma/id';
import { withClient } from '@order-system/prisma/migrate';
import { sql } from '@order-system/prisma/sql';
import {
  anAdmin,
  asAdmin,
  count,
  type EventsKit,
  givenCounted,
  startEvents,
} from '../testing/events.fixture.js';

const DAY_MS = 86_400_000;

const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));

describe('the log of events', () => {
  let kit: EventsKit;
  let ask: ReturnType<typeof asAdmin>;
  const old = { id: newId(), correlationId: 'c-old' };
  beforeAll(async () => {
    kit = await startEvents('local');
    ask = asAdmin(kit);
    // A thousand events, many of one millisecond, as of an aggregate that is busy; a hundred days ago.
    await withClient(kit.options.database.url, (client) =>
      client.query(
        `INSERT INTO events.event (id, type, schema_version, aggregate_type, aggregate_id, aggregate_version, data, actor,
           correlation_id, occurred_at)
         SELECT gen_random_uuid(), 'old.thing', 1, 'old', $1, n, '{}', '{"id":null,"role":"system"}', $2,
           date_trunc('hour', now()) - interval '100 days' + (n / 7) * interval '1 ms'
         FROM generate_series(1, 1000) AS n`,
        [old.id, old.correlationId],
      ),
    );
  });
  afterAll(() => kit.stop());

  const list = (input: Partial<CallInput<typeof ListEvents>>) =>
    ask(ListEvents, { page: 1, limit: 20, ...input });

  it('pages through everything without a gap or a repetition, the newest first', async () => {
    const versions: number[] = [];
    let cursor: string | undefined;
    do {
      const page = await list({ aggregateId: old.id, limit: 93, cursor });
      expect(page.total).toBe(1000);
      versions.push(...page.items.map(({ aggregate }) => aggregate.version));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(versions).toEqual(Array.from({ length: 1000 }, (_, index) => 1000 - index));
    const byNumber = await list({ aggregateId: old.id, limit: 100, page: 10 });
    expect(byNumber.items.map(({ aggregate }) => aggregate.version).at(-1)).toBe(1);
    expect(byNumber.nextCursor).toBeNull();
  });

  it('goes on where a page ended although newer events came meanwhile', async () => {
    const first = await list({ type: 'test.counted', limit: 1 });
    await givenCounted(kit, 3, 1);
    const before = await list({ type: 'test.counted', limit: 2 });
    await givenCounted(kit, 2, 1);
    const next = await list({ type: 'test.counted', limit: 2, cursor: before.nextCursor! });
    expect(first.total).toBe(0);
    expect(next.items).toHaveLength(1);
    expect(before.items.map(({ id }) => id)).not.toContain(next.items[0]!.id);
  });

  it('finds events by who, what, when, and the request that caused them', async () => {
    const ctx = anAdmin();
    const [mine, other] = [newId(), newId()];
    await kit.db.inTx((tx) => count(tx, mine, 1, ctx));
    await kit.db.inTx((tx) => count(tx, other, 1, { ...anAdmin(), correlationId: ctx.correlationId }));
    const found = async (input: Partial<CallInput<typeof ListEvents>>) =>
      (await list(input)).items.map(({ aggregate }) => aggregate.id);
    expect(await found({ actorId: ctx.actor.id! })).toEqual([mine]);
    expect((await found({ correlationId: ctx.correlationId })).sort()).toEqual([mine, other].sort());
    expect(await found({ aggregateId: other, type: 'test.counted' })).toEqual([other]);
    expect(await found({ aggregateId: other, type: 'order.created' })).toEqual([]);
    expect(await found({ to: new Date(Date.now() - 50 * DAY_MS), limit: 1 })).toEqual([old.id]);
    expect(await found({ aggregateId: old.id, from: new Date(Date.now() - DAY_MS) })).toEqual([]);
    const [event] = (await list({ aggregateId: mine })).items;
    expect(await ask(GetEvent, { id: event!.id })).toEqual(event);
    await expect(ask(GetEvent, { id: newId() })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it.each([
    ['data that breaks its contract', { data: { n: 'many' } }],
    ['data that is no object', { data: null }],
    ['data that is nested too deeply', { data: nested(3000) }],
    ['an actor that is nobody', { actor: {} }],
    ['an actor of a role that is not known', { actor: { id: null, role: 'robot' } }],
    ['an id that is no UUID by the book', { id: 'deadbeef-0000-0000-0000-000000000001' }],
  ])('lists an event with %s as it is stored, and the others with it', async (_, odd) => {
    const { id, ...stored } = { id: newId(), data: {}, actor: { id: null, role: 'system' }, ...odd };
    await withClient(kit.options.database.url, (client) =>
      client.query(
        `INSERT INTO events.event (id, type, schema_version, aggregate_type, aggregate_id, aggregate_version, data, actor,
           correlation_id, occurred_at) VALUES ($1, 'odd.thing', 1, 'odd', $2, 1, $3, $4, 'c-odd', now())`,
        [id, newId(), JSON.stringify(stored.data), JSON.stringify(stored.actor)],
      ),
    );
    const { items } = await list({});
    expect(items.length).toBeGreaterThan(1);
    const [listed] = items.filter((event) => event.id === id);
    expect(listed).toMatchObject({ type: 'odd.thing', version: 1, ...stored });
    expect(await ask(GetEvent, { id })).toEqual(listed);
    const { items: first, nextCursor } = await list({ limit: 1 });
    expect(first.map((event) => event.id)).toEqual([id]);
    expect((await list({ limit: 1, cursor: nextCursor! })).items).toHaveLength(1);
  });

  it('refuses a cursor that no page gave, and pages that only a cursor reaches', async () => {
    const forged = Buffer.from(`1e99.1.${newId()}`).toString('base64url');
    for (const cursor of ['x', '../', forged])
      await expect(list({ cursor })).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    await expect(list({ page: 2000, limit: 100 })).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  });

  it('is asked for any time that can be written', async () => {
    const ever = { from: new Date('0001-01-01T00:00:00.000Z'), to: new Date('9999-12-31T23:59:59.999Z') };
    expect((await list({ aggregateId: old.id, ...ever })).total).toBe(1000);
    expect((await ask(GetEventStats, ever)).byType).toContainEqual({ type: 'old.thing', events: 1000 });
    expect(await ask(GetEventStats, { to: ever.from })).toMatchObject({ total: 0 });
    const job = await ask(StartReplay, { consumer: 'orders.tally', dryRun: true, ...ever });
    expect((await ask(GetReplay, { id: job.id })).from).toEqual(ever.from);
  });

  it('is for staff only', async () => {
    const user = { ...anAdmin(), actor: { id: newId(), role: 'user' as const } };
    const calls = [
      ask(GetEventStats, {}, user),
      ask(GetEventHealth, {}, user),
      ask(GetEvent, { id: newId() }, user),
    ];
    await Promise.all(calls.map((call) => expect(call).rejects.toMatchObject({ code: 'FORBIDDEN' })));
  });

  it('counts by type and by hour', async () => {
    const from = new Date(Date.now() - 101 * DAY_MS);
    const stats = await ask(GetEventStats, { from, to: new Date(Date.now() - 99 * DAY_MS) });
    expect(stats).toMatchObject({ total: 1000, byType: [{ type: 'old.thing', events: 1000 }] });
    expect(stats.byHour.map(({ events }) => events)).toEqual([1000]);
    // In the day, and the part of an hour, from the first of them to the end.
    expect(stats.perMinute).toBeCloseTo(0.68, 1);
    const none = await ask(GetEventStats, { from: new Date(0), to: new Date(1) });
    expect(none).toEqual({ total: 0, perMinute: 0, byType: [], byHour: [] });
    expect((await ask(GetEventStats, {})).byType).not.toContainEqual(
      expect.objectContaining({ type: 'old.thing' }),
    );
  });

  it('tells how far behind outboxes and consumers are', async () => {
    // What the tests before emitted is published in its own time.
    await eventually(async () => expect((await ask(GetEventHealth, {})).outbox.depth).toBe(0));
    await kit.db.execute(sql`UPDATE events.consumer_cursor SET position = now()`);
    expect(await ask(GetEventHealth, {})).toMatchObject({
      status: 'ok',
      outbox: { depth: 0, oldestSeconds: 0, bySource: [] },
      consumers: ['orders.mails', 'orders.tally'].map((consumer) => ({
        consumer,
        waiting: 0,
        lagSeconds: 0,
        retrying: 0,
      })),
    });
    await kit.db.execute(sql`UPDATE events.consumer_cursor SET position = now() - interval '1 year'`);
    await withClient(kit.options.database.url, async (client) => {
      await client.query(
        `
        INSERT INTO events.event SELECT gen_random_uuid(), 'test.counted', 1, 'test', gen_random_uuid(), 1, '{"n":1}', actor,
          correlation_id, NULL, now() - n * interval '100 seconds' FROM events.event, generate_series(1, 3) AS n
        WHERE aggregate_id = $1 AND aggregate_version = 1`,
        [old.id],
      );
      await client.query(
        `INSERT INTO events.inbox SELECT 'orders.mails', id FROM events.event WHERE occurred_at < now() - interval '250 s'`,
      );
    });
    // Of a service that is not running, so that nobody publishes it.
    await kit.db.execute(sql`
      INSERT INTO events.outbox (event_id, source, aggregate_id, aggregate_version)
      SELECT id, 'away', aggregate_id, 1 FROM events.event WHERE aggregate_id = ${old.id} AND aggregate_version = 1`);
    const health = await ask(GetEventHealth, {});
    expect(health).toMatchObject({
      status: 'degraded',
      outbox: { depth: 1, bySource: [{ source: 'away', depth: 1 }] },
    });
    expect(health.outbox.oldestSeconds).toBeGreaterThan(99 * 86_400);
    expect(health.consumers).toEqual([
      expect.objectContaining({ consumer: 'orders.mails', waiting: 2, lagSeconds: expect.closeTo(200, -1) }),
      expect.objectContaining({ consumer: 'orders.tally', waiting: 3, lagSeconds: expect.closeTo(300, -1) }),
    ]);
  });
});
