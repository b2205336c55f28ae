import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  DropDeadLetter,
  GetEventHealth,
  GetReplay,
  ListDeadLetters,
  ListEvents,
  RedriveDeadLetter,
  StartReplay,
} from '@order-system/contracts/events.contracts';
import { eventually } from '@order-system/messaging/testing/eventually';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { withClient } from '@order-system/prisma/migrate';
import {
  anAdmin,
  asAdmin,
  count,
  type EventsKit,
  eventsOf,
  givenCounted,
  startEvents,
} from './events.fixture.js';

const HOUR_MS = 3_600_000;
const PATIENCE_MS = 40_000;

/** What the events service does for other services, over a transport. */
export function testDelivery(kind: 'local' | 'rabbitmq'): void {
  describe(`replays and dead letters over the ${kind} transport`, () => {
    let kit: EventsKit;
    let ask: ReturnType<typeof asAdmin>;
    beforeAll(async () => {
      kit = await startEvents(kind);
      ask = asAdmin(kit);
      await eventually(() => ask(GetEventHealth, {}));
      await eventually(() => kit.transport.rpc.ping('orders'));
    });
    afterAll(() => kit.stop());

    const tallies = () => kit.db.query(sql`SELECT aggregate, n FROM orders.tally ORDER BY aggregate`);
    const mailsOf = async (ids: string[]) => {
      const mails = await kit.db.query<{ event: string }>(sql`
        SELECT event FROM orders.mail WHERE event = ANY(${await eventsOf(kit.db, ids)})`);
      return mails.length;
    };
    const span = () => ({
      from: new Date(Date.now() - HOUR_MS),
      to: new Date(Date.now() + HOUR_MS),
      dryRun: false,
    });
    const finished = (id: string) =>
      eventually(async () => {
        const job = await ask(GetReplay, { id });
        expect(job.status).not.toBe('RUNNING');
        return job;
      }, PATIENCE_MS);
    const letterOf = (aggregate: string) =>
      eventually(async () => {
        const { items } = await ask(ListDeadLetters, { page: 1, limit: 100, consumer: 'orders.tally' });
        const [event] = await eventsOf(kit.db, [aggregate]);
        const letter = items.find(({ eventId }) => eventId === event);
        expect(letter).toBeDefined();
        return letter!;
      });

    it('builds the same rows again for a consumer that may be replayed', async () => {
      await givenCounted(kit, 60, 3);
      await eventually(async () => expect(await tallies()).toHaveLength(60));
      const before = await tallies();
      await kit.db.execute(sql`DELETE FROM orders.tally`);
      const dry = await ask(StartReplay, { ...span(), consumer: 'orders.tally', dryRun: true });
      expect(dry).toMatchObject({ status: 'DONE', total: 180, done: 180, applied: 0 });
      expect(await tallies()).toEqual([]);

      const { id } = await ask(StartReplay, { ...span(), consumer: 'orders.tally' });
      expect(await finished(id)).toMatchObject({
        status: 'DONE',
        total: 180,
        done: 180,
        applied: 180,
        failed: 0,
      });
      expect(await tallies()).toEqual(before);
    });

    it('gives a consumer that must not act twice only what it has missed', async () => {
      const ids = await givenCounted(kit, 2, 2);
      await eventually(async () => expect(await mailsOf(ids)).toBe(4));
      const [missed] = await eventsOf(kit.db, ids);
      await kit.db.execute(
        sql`DELETE FROM events.inbox WHERE event_id = ${missed} AND consumer = 'orders.mails'`,
      );
      await kit.db.execute(sql`DELETE FROM orders.mail WHERE event = ${missed}`);
      const dry = await ask(StartReplay, { ...span(), consumer: 'orders.mails', dryRun: true });
      expect(dry.total - dry.skipped).toBe(1);

      const { id } = await ask(StartReplay, { ...span(), consumer: 'orders.mails' });
      expect(await finished(id)).toMatchObject({ applied: 1, skipped: dry.skipped, failed: 0 });
      expect(await mailsOf(ids)).toBe(4);
    });

    it('goes on where a replay ended when its process died', async () => {
      await givenCounted(kit, 5, 1);
      const created = await ask(StartReplay, { ...span(), consumer: 'orders.tally', dryRun: true });
      const [third] = await kit.db.query<{ id: string; occurred_at: Date }>(sql`
        SELECT id, occurred_at FROM events.event WHERE type = 'test.counted'
        ORDER BY occurred_at, aggregate_version, id LIMIT 1 OFFSET 2`);
      await withClient(kit.options.database.url, (client) =>
        client.query(
          `UPDATE events.replay_job SET status = 'RUNNING', dry_run = false, done = 3, applied = 3, finished_at = NULL,
             position = $2, position_id = $3, claimed_until = now() + interval '1 second' WHERE id = $1`,
          [created.id, third!.occurred_at, third!.id],
        ),
      );
      const { total, applied } = await finished(created.id);
      expect(applied).toBe(total);
    });

    it('refuses what makes no sense, and says what would', async () => {
      const wrong = async (input: object) => {
        const error: unknown = await ask(StartReplay, {
          ...span(),
          consumer: 'orders.tally',
          ...input,
        }).catch((e: unknown) => e);
        return (error as { detail: string }).detail;
      };
      expect(await wrong({ consumer: 'orders.nobody' })).toContain('orders.mails, orders.tally');
      expect(await wrong({ types: ['order.created'] })).toContain('does not take order.created');
      expect(await wrong({ from: new Date(Date.now() + 2 * HOUR_MS) })).toContain('before to');
      expect(await wrong({ consumer: 'orders.mails', from: new Date(0) })).toContain('must not act twice');
    });

    it('keeps a poison message as a dead letter, and applies it once after the fix', async () => {
      const aggregate = newId();
      kit.broken.add(aggregate);
      const ctx = anAdmin();
      await kit.db.inTx((tx) => count(tx, aggregate, 1, ctx));
      const letter = await letterOf(aggregate);
      expect(letter).toMatchObject({ consumer: 'orders.tally', error: 'Error: not today', attempts: 2 });
      expect(await ask(GetEventHealth, {})).toMatchObject({ status: 'degraded', deadLetters: 1 });

      expect(await ask(RedriveDeadLetter, { id: letter.id })).toMatchObject({
        outcome: 'failed',
        error: 'Error: not today',
      });
      expect(await letterOf(aggregate)).toMatchObject({ id: letter.id, attempts: 3 });
      kit.broken.delete(aggregate);
      const twice = await Promise.allSettled([1, 2].map(() => ask(RedriveDeadLetter, { id: letter.id })));
      expect(JSON.stringify(twice)).toContain('consumed');
      expect(await tallies()).toContainEqual({ aggregate, n: 1 });
      const again = ask(RedriveDeadLetter, { id: letter.id });
      await expect(again).rejects.toMatchObject({ code: 'NOT_FOUND' });
      const followed = await ask(ListEvents, { page: 1, limit: 20, correlationId: ctx.correlationId });
      expect(followed.items.map((event) => event.aggregate.id)).toEqual([aggregate]);
    });

    it('answers a repeated request alike, and drops what nobody needs', async () => {
      const aggregate = newId();
      kit.broken.add(aggregate);
      await kit.db.inTx((tx) => count(tx, aggregate, 1));
      const { id } = await letterOf(aggregate);
      kit.broken.delete(aggregate);
      const ctx = { ...anAdmin(), idempotencyKey: 'redrive-1' };
      const first = await ask(RedriveDeadLetter, { id }, ctx);
      expect(first).toEqual({ id, outcome: 'consumed' });
      expect(await ask(RedriveDeadLetter, { id }, ctx)).toEqual(first);

      const text = newId();
      await kit.db.execute(sql`
        INSERT INTO events.dead_letter (id, consumer, message, error, attempts, first_failed_at)
        VALUES (${text}, 'orders.tally', '{"text":"{"}', 'not an event', 1, now())`);
      expect(await ask(RedriveDeadLetter, { id: text })).toMatchObject({
        outcome: 'failed',
        error: expect.stringContaining('no event'),
      });
      await ask(DropDeadLetter, { id: text });
      await expect(ask(DropDeadLetter, { id: text })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    it('lets the rest of an aggregate go on after a drop, and does not bring back what was dropped', async () => {
      const aggregate = newId();
      kit.broken.add(aggregate);
      await kit.db.inTx((tx) => count(tx, aggregate, 1));
      const letter = await letterOf(aggregate);
      await ask(DropDeadLetter, { id: letter.id });
      kit.broken.delete(aggregate);
      await kit.db.inTx((tx) => count(tx, aggregate, 2));
      await eventually(async () => expect(await tallies()).toContainEqual({ aggregate, n: 2 }));
      const applied = await kit.db.query(sql`
        SELECT FROM events.inbox WHERE event_id = ${letter.eventId} AND consumer = 'orders.tally'`);
      expect(applied).toHaveLength(1);
    });

    it('says that a consumer is gone', async () => {
      const id = newId();
      await kit.db.execute(sql`
        INSERT INTO events.dead_letter (id, consumer, event_id, message, error, attempts, first_failed_at)
        VALUES (${id}, 'orders.gone', ${id}, '{}', 'x', 1, now())`);
      await expect(ask(RedriveDeadLetter, { id })).rejects.toMatchObject({
        detail: expect.stringContaining('orders.gone'),
      });
    });
  });
}
