import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { WireOutput } from '@order-system/contracts/define';
import type {
  GetEvent,
  GetEventHealth,
  ListDeadLetters,
  RedriveDeadLetter,
} from '@order-system/contracts/events.contracts';
import { eventually } from '@order-system/messaging/testing/eventually';
import { publishRaw } from '@order-system/messaging/testing/publish-raw';
import { newId } from '@order-system/prisma/id';
import { e2e } from '@order-system/testing/e2e';
import { startSystem, type System } from '@order-system/testing/system';
import pg from 'pg';
import {
  type Client,
  givenAdmin,
  givenOrder,
  givenProduct,
  givenUser,
  pay,
  type Product,
  times,
} from './client.js';
import { orderFact, poisonFor, storeEvent } from './wrong-events.js';

type Event = WireOutput<typeof GetEvent>;
type Letter = WireOutput<typeof ListDeadLetters>['items'][number];
type Row = Record<string, unknown>;

const MOST_ATTEMPTS = 5;
const MOST_DELAY_MS = 5000;
const PATIENCE_MS = 40_000;

// A system of its own: its attempts follow each other quickly, and things are broken in its database.
let platform: System;
let database: pg.Pool;
let admin: Client;
let user: Client;
let product: Product;
beforeAll(async () => {
  const ladder = times(MOST_ATTEMPTS - 1, () => '200ms').join(',');
  const env = { RETRY_LADDER: ladder, CATCH_UP_EVERY: '500ms', DEMO_DATA: 'false' };
  platform = await startSystem(env);
  database = new pg.Pool({ connectionString: platform.databaseUrl, max: 1 });
  admin = await givenAdmin(platform.url);
  user = await givenUser(platform.url);
  product = await givenProduct(admin, { stock: 1000 });
});
afterAll(async () => {
  await database?.end();
  await platform?.stop();
});

const query = async <R extends Row>(text: string, values: unknown[] = []): Promise<R[]> =>
  (await database.query<R>(text, values)).rows;

const letters = (consumer: string): Promise<Letter[]> =>
  admin.ask('GET', `/events/dead-letters?limit=100&consumer=${consumer}`);
const letterCount = async (consumer: string): Promise<number> => (await letters(consumer)).length;
/** The letter about an event, once it is there. */
const letterOf = (consumer: string, eventId: string): Promise<Letter> =>
  eventually(async () => {
    const letter = (await letters(consumer)).find((one) => one.eventId === eventId);
    if (!letter) throw new Error(`${consumer} has not given up on ${eventId}`);
    return letter;
  }, PATIENCE_MS);
const redrive = ({ id }: Pick<Letter, 'id'>) => admin.send('POST', `/events/dead-letters/${id}/redrive`);
const drop = ({ id }: Pick<Letter, 'id'>) => admin.send('DELETE', `/events/dead-letters/${id}`);
const outcomeOf = async (letter: Letter) =>
  (await redrive(letter)).data<WireOutput<typeof RedriveDeadLetter>>();
const createdEvent = (orderId: string): Promise<Event> =>
  eventually(async () => {
    const [event] = await admin.ask<Event[]>('GET', `/events?type=order.created&aggregateId=${orderId}`);
    return event!;
  });

const roomsOf = (orderId: string) => query('SELECT * FROM chat.room WHERE order_id = $1', [orderId]);
const appliedBy = (consumer: string, eventId: string) =>
  query('SELECT * FROM events.inbox WHERE consumer = $1 AND event_id = $2', [consumer, eventId]);

/** How many events each consumer has not applied. */
const backlog = async (): Promise<Map<string, number>> => {
  const { consumers } = await admin.ask<WireOutput<typeof GetEventHealth>>('GET', '/events/health');
  return new Map(consumers.map(({ consumer, waiting, retrying }) => [consumer, waiting + retrying]));
};

/** Orders of somebody whom nothing is wrong with; answers how long the slowest waited for its room and its notice. */
async function slowestOrder(count: number): Promise<number> {
  const delays = times(count, async () => {
    const { order } = await givenOrder(user, product);
    const from = performance.now();
    await eventually(async () => {
      expect(await roomsOf(order.id)).toHaveLength(1);
      const notices = 'SELECT FROM notifications.notification WHERE order_id = $1';
      expect(await query(notices, [order.id])).toHaveLength(1);
    }, PATIENCE_MS);
    return performance.now() - from;
  });
  return Math.max(...(await Promise.all(delays)));
}

describe('a handler that fails', () => {
  // Counted by a sequence, which no rollback takes back.
  const breakRooms = (userId: string) =>
    query(`
      CREATE SEQUENCE chat.attempts;
      GRANT USAGE ON chat.attempts TO svc_chat;
      CREATE FUNCTION chat.fail() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM nextval('chat.attempts'); RAISE EXCEPTION 'no room today'; END $$;
      CREATE TRIGGER fail BEFORE INSERT ON chat.room FOR EACH ROW WHEN (NEW.user_id = '${userId}')
        EXECUTE FUNCTION chat.fail()`);
  const mendRooms = () => query('DROP TRIGGER fail ON chat.room; DROP FUNCTION chat.fail');

  it('is tried five times, holds up nobody, and applies its event once after the mending', async () => {
    const unlucky = await givenUser(platform.url);
    await breakRooms(unlucky.userId);
    const placed = await givenOrder(unlucky, product);
    const event = await createdEvent(placed.order.id);
    expect(await slowestOrder(20)).toBeLessThan(MOST_DELAY_MS);
    const letter = await letterOf('chat.orders', event.id);
    expect(letter).toMatchObject({
      attempts: MOST_ATTEMPTS,
      error: expect.stringContaining('no room today'),
    });
    expect(letter.message).toMatchObject({
      id: event.id,
      type: 'order.created',
      correlationId: event.correlationId,
    });
    expect(await query('SELECT last_value::int AS attempts FROM chat.attempts')).toEqual([
      { attempts: MOST_ATTEMPTS },
    ]);
    // What others do with the same event is not concerned.
    expect((await pay(unlucky, placed)).status).toBe('PROCESSING');
    for (const consumer of ['notifications.facts', 'catalog.orders'])
      expect(await appliedBy(consumer, event.id)).toHaveLength(1);
    const health = await admin.ask<WireOutput<typeof GetEventHealth>>('GET', '/events/health');
    expect(health).toMatchObject({ status: 'degraded', deadLetters: 1 });
    expect(health.consumers.find(({ consumer }) => consumer === 'chat.orders')).toMatchObject({
      waiting: 0,
      retrying: 0,
      deadLetters: 1,
    });

    expect(await outcomeOf(letter)).toMatchObject({
      outcome: 'failed',
      error: expect.stringContaining('no room'),
    });
    expect(await letterOf('chat.orders', event.id)).toMatchObject({
      id: letter.id,
      attempts: MOST_ATTEMPTS + 1,
    });
    await mendRooms();
    const answers = await Promise.all(times(5, () => redrive(letter)));
    const outcomes = answers.map((answer) =>
      answer.status === 200 ? answer.data<{ outcome: string }>().outcome : answer.status,
    );
    expect(outcomes.filter((outcome) => outcome === 'consumed')).toHaveLength(1);
    for (const outcome of outcomes) expect(['consumed', 'duplicate', 404]).toContain(outcome);
    expect(await roomsOf(placed.order.id)).toHaveLength(1);
    expect((await redrive(letter)).outcome).toEqual([404, 'NOT_FOUND']);
    expect(await letters('chat.orders')).toEqual([]);
    expect((await unlucky.send('GET', `/chat/${placed.order.id}`)).status).toBe(200);
  });
});

describe('an event that is wrong', () => {
  const TAKERS = ['basket.orders', 'catalog.orders', 'chat.orders', 'notifications.facts'];

  it('is a dead letter at once to each who takes it, and can be dropped', async () => {
    const [id, orderId] = [newId(), newId()];
    await storeEvent(database, {
      id,
      type: 'order.created',
      version: 1,
      aggregateId: orderId,
      data: { orderId: 'x' },
    });
    const found = await Promise.all(TAKERS.map((consumer) => letterOf(consumer, id)));
    for (const letter of found)
      expect(letter).toMatchObject({ attempts: 1, error: expect.stringContaining('order.created.v1') });
    expect(await slowestOrder(5)).toBeLessThan(MOST_DELAY_MS);
    expect(await outcomeOf(found[0]!)).toMatchObject({ outcome: 'failed' });
    for (const letter of found) {
      expect((await drop(letter)).status).toBe(204);
      expect((await drop(letter)).outcome).toEqual([404, 'NOT_FOUND']);
    }
    expect(await admin.ask<Letter[]>('GET', '/events/dead-letters')).toEqual([]);
  });

  it('is listed as it is stored, with the others', async () => {
    const odd = {
      id: newId(),
      type: 'order.exploded',
      version: 1,
      data: { n: 'many' },
      actor: { by: 'hand' },
    };
    await storeEvent(database, { ...odd, aggregateId: newId(), quiet: true });
    const found = await admin.ask<Event[]>('GET', '/events?limit=100');
    expect(found.length).toBeGreaterThan(1);
    expect(found.find(({ id }) => id === odd.id)).toMatchObject(odd);
    expect(await admin.ask('GET', `/events/${odd.id}`)).toMatchObject(odd);
  });

  it('does not hold up what happens to its order later, when it was dropped', async () => {
    const [first, second, orderId] = [newId(), newId(), newId()];
    const before = await backlog();
    await storeEvent(database, {
      id: first,
      type: 'order.created',
      version: 1,
      aggregateId: orderId,
      data: {},
    });
    for (const consumer of TAKERS) await drop(await letterOf(consumer, first));
    const data = { ...orderFact(orderId, user.userId), status: 'CANCELLED', previousStatus: 'REVIEW' };
    await storeEvent(database, {
      id: second,
      type: 'order.updated',
      version: 1,
      aggregateId: orderId,
      aggregateVersion: 2,
      data,
    });
    for (const consumer of ['catalog.orders', 'notifications.facts'])
      await eventually(async () => expect(await appliedBy(consumer, second)).toHaveLength(1), PATIENCE_MS);
    // What was told before a queue was there may still be settling.
    for (const [consumer, count] of await backlog()) expect(count).toBeLessThanOrEqual(before.get(consumer)!);
  });

  it('of a version that nobody knows is found in the log, and stays dropped', async () => {
    const id = newId();
    const unknown = { id, type: 'order.created', version: 9, aggregateId: newId(), data: {} };
    await storeEvent(database, { ...unknown, agedSeconds: 60, quiet: true });
    // Last: a pass that is under way does not move the cursor past an event that is there.
    await query(
      `UPDATE events.consumer_cursor SET position = now() - interval '1 hour' WHERE consumer = 'chat.orders'`,
    );
    const letter = await letterOf('chat.orders', id);
    expect(letter).toMatchObject({
      attempts: 1,
      error: expect.stringContaining('does not know order.created.v9'),
    });
    expect((await drop(letter)).status).toBe(204);
    await query(
      `UPDATE events.consumer_cursor SET position = now() - interval '1 hour' WHERE consumer = 'chat.orders'`,
    );
    // The next look at the log has passed once the cursor has moved.
    await eventually(async () => {
      const moved = `SELECT FROM events.consumer_cursor WHERE consumer = 'chat.orders' AND position > now() - interval '5 minutes'`;
      expect(await query(moved)).toHaveLength(1);
    }, PATIENCE_MS);
    expect(await letters('chat.orders')).toEqual([]);
  });
});

// In one process there is no queue that anybody else could write into.
if (e2e.topology === 'distributed')
  describe('messages that nobody of ours has sent', () => {
    it.each(['chat.orders', 'notifications.facts'])(
      'are dead letters with their reasons to %s',
      async (consumer) => {
        const messages = poisonFor(newId());
        const before = await letterCount(consumer);
        await publishRaw(
          platform.broker,
          consumer,
          messages.map(({ content }) => content),
        );
        expect(await slowestOrder(10)).toBeLessThan(MOST_DELAY_MS);
        const found = await eventually(async () => {
          const all = await letters(consumer);
          expect(all.length).toBe(before + messages.length);
          return all.slice(0, messages.length);
        }, PATIENCE_MS);
        for (const letter of found) expect(letter.attempts).toBeLessThanOrEqual(MOST_ATTEMPTS);
        for (const reason of new Set(messages.map((one) => one.reason.source))) {
          const expected = messages.filter((one) => one.reason.source === reason).length;
          expect(found.filter(({ error }) => new RegExp(reason).test(error))).toHaveLength(expected);
        }
        const health = await admin.send('GET', '/health');
        expect(health.status).toBe(200);
        for (const letter of found) {
          expect(await outcomeOf(letter)).toMatchObject({ outcome: 'failed' });
          expect((await drop(letter)).status).toBe(204);
        }
        expect(await letterCount(consumer)).toBe(before);
      },
    );

    it('are applied once, however often they come, when they are good', async () => {
      const [id, orderId] = [newId(), newId()];
      const data = orderFact(orderId, user.userId);
      await storeEvent(database, {
        id,
        type: 'order.created',
        version: 1,
        aggregateId: orderId,
        data,
        quiet: true,
      });
      const [event] = await admin.ask<Event[]>('GET', `/events?aggregateId=${orderId}`);
      const often = times(20, () => JSON.stringify(event));
      for (const consumer of ['chat.orders', 'notifications.facts'])
        await publishRaw(platform.broker, consumer, often);
      const told = () => query('SELECT FROM notifications.notification WHERE order_id = $1', [orderId]);
      await eventually(async () => expect([...(await roomsOf(orderId)), ...(await told())]).toHaveLength(2));
      await slowestOrder(1);
      expect([...(await roomsOf(orderId)), ...(await told())]).toHaveLength(2);
      expect(await letterCount('chat.orders')).toBe(0);
    });
  });
