import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { WireOutput } from '@order-system/contracts/define';
import type { GetEventHealth, GetReplay } from '@order-system/contracts/events.contracts';
import { eventually } from '@order-system/messaging/testing/eventually';
import { newId } from '@order-system/prisma/id';
import { startSystem, type System } from '@order-system/testing/system';
import pg from 'pg';
import {
  type Client,
  givenAdmin,
  givenOrder,
  givenPaidOrder,
  givenProduct,
  givenUser,
  type Order,
  type Product,
} from './client.js';

type Job = WireOutput<typeof GetReplay>;
type Health = WireOutput<typeof GetEventHealth>;
type Row = Record<string, unknown>;

const DAY_MS = 86_400_000;
const PATIENCE_MS = 40_000;
/** At the very start an event may be published before a queue is there: it is found when it has settled. */
const FIRST_PATIENCE_MS = 60_000;
const CUSTOMERS = 5;
const PURCHASES = 30;

// A system of its own: a replay takes all that happened in a day.
let platform: System;
let database: pg.Pool;
let admin: Client;
let product: Product;
let orders: Order[];
beforeAll(async () => {
  platform = await startSystem({ DEMO_DATA: 'false', CATCH_UP_EVERY: '1s', AWAY_AFTER: '0s' });
  database = new pg.Pool({ connectionString: platform.databaseUrl, max: 1 });
  admin = await givenAdmin(platform.url);
  product = await givenProduct(admin, { stock: 1000 });
  const users: Client[] = [];
  while (users.length < CUSTOMERS) users.push(await givenUser(platform.url));
  // One after the other for each: thirty at once are more than a slow machine answers in time right after the start.
  const buy = async (user: Client) => {
    const mine: Order[] = [];
    while (mine.length < PURCHASES / CUSTOMERS) mine.push(await givenPaidOrder(user, product));
    return mine;
  };
  orders = (await Promise.all(users.map(buy))).flat();
  const [first, second, third] = orders;
  await eventually(() => admin.ask('POST', `/chat/${first!.id}/messages`, { content: 'Hello' }));
  await admin.ask('POST', `/orders/${second!.id}/cancel`, { reason: 'gone' });
  await admin.ask('PATCH', `/orders/${third!.id}/status`, { status: 'SHIPPED' });
  await givenOrder(users[0]!, product);
  await quiet(FIRST_PATIENCE_MS);
}, 180_000);
afterAll(async () => {
  await database?.end();
  await platform?.stop();
});

const query = async <R extends Row>(text: string): Promise<R[]> => (await database.query<R>(text)).rows;

const UNFINISHED = `
  SELECT id::text FROM notifications.delivery WHERE status = 'PENDING'
  UNION ALL SELECT id::text FROM payments.refund WHERE status NOT IN ('SUCCEEDED')`;

/** Nothing waits to be told, applied or sent. Asked on both sides: what is unfinished may be told of, and the other way. */
const quiet = (patienceMs = PATIENCE_MS) =>
  eventually(async () => {
    expect(await query(UNFINISHED)).toEqual([]);
    const { outbox, consumers } = await admin.ask<Health>('GET', '/events/health');
    expect([outbox.depth, ...consumers.map(({ waiting }) => waiting)].every((count) => count === 0)).toBe(
      true,
    );
    expect(await query(UNFINISHED)).toEqual([]);
  }, patienceMs);

const span = () => ({
  from: new Date(Date.now() - DAY_MS).toISOString(),
  to: new Date(Date.now() + DAY_MS).toISOString(),
});
const replay = async (consumer: string, more: object = {}): Promise<Job> => {
  const answer = await admin.send('POST', '/events/replay', { body: { consumer, ...span(), ...more } });
  expect([answer.status, answer.outcome[1]]).toEqual([202, undefined]);
  return answer.data<Job>();
};
/** How far it was at each look, until it was done. */
async function watch({ id }: Job): Promise<Job[]> {
  const looks: Job[] = [];
  await eventually(async () => {
    const job = await admin.ask<Job>('GET', `/events/replay/${id}`);
    looks.push(job);
    expect(job.status).not.toBe('RUNNING');
  }, PATIENCE_MS);
  return looks;
}

const TABLES = `
  SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
  WHERE schemaname IN ('auth', 'catalog', 'basket', 'orders', 'payments', 'chat', 'notifications') ORDER BY 1`;

/** Every row of every service. */
async function contents(): Promise<Record<string, unknown[]>> {
  const found: Record<string, unknown[]> = {};
  for (const { name } of await query<{ name: string }>(TABLES))
    found[name] = (await query<{ row: string }>(`SELECT t::text AS row FROM ${name} t ORDER BY 1`)).map(
      ({ row }) => row,
    );
  return found;
}

const ROOMS = `SELECT * FROM chat.room WHERE last_seq = 0 ORDER BY order_id`;
const eventCount = async () => (await query('SELECT count(*) FROM events.event'))[0];

describe('a replay of a whole day', () => {
  it('of what people were told tells nobody anything again, and shows its progress', async () => {
    const [before, events] = [await contents(), await eventCount()];
    const job = await replay('notifications.facts');
    expect(job).toMatchObject({ consumer: 'notifications.facts', status: 'RUNNING', dryRun: false, done: 0 });
    expect(job.total).toBeGreaterThan(PURCHASES * 4);
    const looks = await watch(job);
    const done = looks.map((look) => look.done);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(looks.at(-1)).toMatchObject({
      status: 'DONE',
      total: job.total,
      done: job.total,
      applied: job.total,
      failed: 0,
      error: null,
      finishedAt: expect.any(String),
    });
    await quiet();
    expect(await contents()).toEqual(before);
    expect(await eventCount()).toEqual(events);
    const mails = await admin.send('GET', '/notifications/mailbox?limit=1');
    const stored = before['notifications.mail']?.length;
    expect(mails.body<object>()).toMatchObject({ meta: { total: stored } });
  });

  it('to any consumer at all changes nothing', async () => {
    const [before, events] = [await contents(), await eventCount()];
    const { consumers } = await admin.ask<Health>('GET', '/events/health');
    expect(consumers.length).toBeGreaterThan(5);
    const jobs = await Promise.all(consumers.map(({ consumer }) => replay(consumer)));
    for (const job of jobs) {
      const last = (await watch(job)).at(-1);
      expect(last).toMatchObject({
        status: 'DONE',
        total: job.total,
        done: job.total,
        failed: 0,
        error: null,
      });
    }
    await quiet();
    expect(await contents()).toEqual(before);
    expect(await eventCount()).toEqual(events);
  });

  it('builds the rooms of all orders again, the same', async () => {
    const rooms = await query(ROOMS);
    expect(rooms).toHaveLength(PURCHASES);
    const before = await contents();
    await query(`DELETE FROM chat.room WHERE last_seq = 0`);

    const dry = await replay('chat.orders', { dryRun: true });
    expect(dry).toMatchObject({ status: 'DONE', dryRun: true, total: PURCHASES + 1, applied: 0 });
    expect(await query(ROOMS)).toEqual([]);

    const looks = await watch(await replay('chat.orders', { types: ['order.created'] }));
    expect(looks.at(-1)).toMatchObject({ status: 'DONE', applied: PURCHASES + 1, failed: 0 });
    expect(await query(ROOMS)).toEqual(rooms);
    expect(await contents()).toEqual(before);
  });

  it('gives only the span that was asked for', async () => {
    const [first] = await query<{ at: Date }>(
      `SELECT min(occurred_at) AS at FROM events.event WHERE type = 'order.created'`,
    );
    const before = { from: new Date(0).toISOString(), to: first!.at.toISOString() };
    expect(await replay('chat.orders', before)).toMatchObject({ status: 'DONE', total: 0 });
    const until = new Date(first!.at.getTime() + 1).toISOString();
    const job = await replay('chat.orders', { from: first!.at.toISOString(), to: until, dryRun: true });
    expect(job.total).toBeGreaterThan(0);
    expect(job.total).toBeLessThan(PURCHASES);
  });
});

describe('a replay that makes no sense', () => {
  it.each([
    ['to nobody', { consumer: 'nobody.at-all' }],
    ['of what the consumer does not take', { types: ['user.login'] }],
    ['of a span that ends before it begins', { from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' }],
    ['of no span', { to: undefined }],
    ['with a field that there is not', { force: true }],
  ])('%s is refused', async (_, more) => {
    const body = { consumer: 'chat.orders', ...span(), ...more };
    expect((await admin.send('POST', '/events/replay', { body })).outcome).toEqual([
      400,
      'VALIDATION_FAILED',
    ]);
  });

  it('is not there to be looked at', async () => {
    expect((await admin.send('GET', `/events/replay/${newId()}`)).outcome).toEqual([404, 'NOT_FOUND']);
  });

  it('is made once under one key', async () => {
    const [body, key] = [{ consumer: 'chat.orders', ...span() }, newId()];
    const [first, second] = [
      await admin.send('POST', '/events/replay', { body, key }),
      await admin.send('POST', '/events/replay', { body, key }),
    ];
    expect(second.data<Job>().id).toBe(first.data<Job>().id);
  });
});
