import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { WireOutput } from '@order-system/contracts/define';
import type { GetEvent, GetEventHealth, GetEventStats } from '@order-system/contracts/events.contracts';
import { SERVICES } from '@order-system/contracts/services';
import { eventually } from '@order-system/messaging/testing/eventually';
import { newId } from '@order-system/prisma/id';
import {
  type Client,
  givenAdmin,
  givenOrder,
  givenProduct,
  givenUser,
  guest,
  type Order,
  pay,
  type Placed,
  type Product,
  waitForOrder,
} from './client.js';

type Event = WireOutput<typeof GetEvent>;
interface Page {
  data: Event[];
  meta: { total: number; page: number; limit: number; totalPages: number; nextCursor: string | null };
}

/** At the very start an event may be published before a queue is there: it is found when it has settled. */
const FIRST_PATIENCE_MS = 75_000;

let admin: Client;
let product: Product;
beforeAll(async () => {
  admin = await givenAdmin();
  product = await givenProduct(admin);
});

const page = async (query: Record<string, string | number>): Promise<Page> => {
  const search = new URLSearchParams(query as Record<string, string>);
  const answer = await admin.send('GET', `/events?${search}`);
  if (answer.status !== 200) throw new Error(`events: ${answer.text}`);
  return answer.body<Page>();
};
const eventsOf = async (query: Record<string, string | number>) =>
  (await page({ limit: 100, ...query })).data;
const typesOf = async (query: Record<string, string | number>) =>
  (await eventsOf(query)).map(({ type }) => type);

describe('the log of events', () => {
  let user: Client;
  let order: Order;
  beforeAll(async () => {
    user = await givenUser();
    order = await pay(user, await givenOrder(user, product));
    await admin.ask('PATCH', `/orders/${order.id}/status`, { status: 'SHIPPED' });
  });

  it('has the whole life of an order, the newest first, each version once', async () => {
    const events = await eventsOf({ aggregateId: order.id });
    expect(events.map(({ type, aggregate }) => [type, aggregate.version])).toEqual([
      ['order.shipped', 3],
      ['order.updated', 2],
      ['order.created', 1],
    ]);
    expect(events.at(-1)).toMatchObject({
      version: 1,
      aggregate: { type: 'order', id: order.id },
      data: { orderId: order.id, status: 'PENDING', total: product.price, currency: 'USD' },
      actor: { id: user.userId, role: 'user' },
    });
    expect(events[0]?.actor).toMatchObject({ id: admin.userId, role: 'admin' });
  });

  it('finds by type, actor and time, alone and together', async () => {
    const of = { aggregateId: order.id };
    const [shipped, updated, created] = await eventsOf(of);
    expect(await typesOf({ ...of, type: 'order.updated' })).toEqual(['order.updated']);
    expect(await typesOf({ ...of, actorId: user.userId })).toEqual(['order.created']);
    expect(await typesOf({ ...of, actorId: admin.userId })).toEqual(['order.shipped']);
    expect(await typesOf({ ...of, type: 'order.created', actorId: admin.userId })).toEqual([]);
    expect(await typesOf({ ...of, from: shipped!.occurredAt })).toEqual(['order.shipped']);
    expect(await typesOf({ ...of, to: updated!.occurredAt })).toEqual(['order.created']);
    expect(await typesOf({ ...of, from: created!.occurredAt, to: shipped!.occurredAt })).toEqual([
      'order.updated',
      'order.created',
    ]);
    expect(await typesOf({ aggregateId: newId() })).toEqual([]);
    const types = await typesOf({ actorId: user.userId });
    expect(types).toEqual(expect.arrayContaining(['user.login', 'order.created', 'payment.started']));
  });

  it('goes on from page to page by cursor, as by number, without a gap', async () => {
    const query = { correlationId: (await eventsOf({ aggregateId: order.id })).at(-1)!.correlationId };
    const all = await eventually(async () => {
      const found = await eventsOf(query);
      expect(found.length).toBeGreaterThan(6);
      expect(await eventsOf(query)).toEqual(found);
      return found;
    });
    const to = new Date(Date.parse(all[0]!.occurredAt) + 1).toISOString();
    const walked: Event[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const next: Page = await page({ ...query, to, limit: 2, ...(cursor === '' ? {} : { cursor }) });
      walked.push(...next.data);
      cursor = next.meta.nextCursor;
    }
    expect(walked).toEqual(all);
    const second = await page({ ...query, to, limit: 2, page: 2 });
    expect(second.data).toEqual(all.slice(2, 4));
    expect(second.meta).toMatchObject({
      total: all.length,
      page: 2,
      limit: 2,
      totalPages: Math.ceil(all.length / 2),
    });
  });

  it('gives one event by its id', async () => {
    const [event] = await eventsOf({ aggregateId: order.id });
    expect(await admin.ask<Event>('GET', `/events/${event?.id}`)).toEqual(event);
    expect((await admin.send('GET', `/events/${newId()}`)).outcome).toEqual([404, 'NOT_FOUND']);
  });

  it.each([
    'cursor=nonsense',
    'cursor=MS4xLmE',
    'limit=101',
    'limit=0',
    'page=0',
    'aggregateId=x',
    'from=yesterday',
    'type=DROP TABLE',
    'unknown=1',
  ])('refuses %s', async (query) => {
    expect((await admin.send('GET', `/events?${query}`)).outcome).toEqual([400, 'VALIDATION_FAILED']);
  });

  it('can be changed by nobody', async () => {
    const [event] = await eventsOf({ aggregateId: order.id });
    for (const method of ['PUT', 'PATCH', 'DELETE'])
      expect((await admin.send(method, `/events/${event?.id}`, { body: {} })).status).not.toBeLessThan(400);
    expect(await admin.ask<Event>('GET', `/events/${event?.id}`)).toEqual(event);
  });

  it('is for the staff', async () => {
    for (const path of ['/events', '/events/stats', '/events/health', '/events/dead-letters']) {
      expect((await user.send('GET', path)).outcome).toEqual([403, 'FORBIDDEN']);
      expect((await guest().send('GET', path)).outcome).toEqual([401, 'UNAUTHENTICATED']);
    }
  });
});

describe('what the system tells of itself', () => {
  it('is that each service has started', async () => {
    const started = (await eventsOf({ type: 'system.startup' })).map(
      ({ data }) => (data as { service: string }).service,
    );
    expect(started).toEqual(expect.arrayContaining([...SERVICES]));
  });

  it('is no defect of ours', async () => {
    expect((await eventsOf({ type: 'system.error' })).map(({ data }) => data)).toEqual([]);
  });
});

describe('the numbers', () => {
  it('count events by type and hour', async () => {
    const from = new Date(Date.now() - 3_600_000).toISOString();
    await givenOrder(await givenUser(), product);
    const to = new Date(Date.now() + 1000).toISOString();
    const stats = await admin.ask<WireOutput<typeof GetEventStats>>(
      'GET',
      `/events/stats?from=${from}&to=${to}`,
    );
    const { total } = (await page({ from, to, type: 'order.created', limit: 1 })).meta;
    expect(stats.byType.find(({ type }) => type === 'order.created')?.events).toBeLessThanOrEqual(total);
    const sum = (counts: { events: number }[]) => counts.reduce((all, { events }) => all + events, 0);
    expect([sum(stats.byType), sum(stats.byHour)]).toEqual([stats.total, stats.total]);
    expect(stats.perMinute).toBeGreaterThan(0);
    const none = `from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z`;
    expect(await admin.ask('GET', `/events/stats?${none}`)).toEqual({
      total: 0,
      perMinute: 0,
      byType: [],
      byHour: [],
    });
  });

  it('say that everything arrives', async () => {
    await eventually(async () => {
      expect(await admin.ask('GET', '/events/dead-letters')).toEqual([]);
      const health = await admin.ask<WireOutput<typeof GetEventHealth>>('GET', '/events/health');
      expect(health).toMatchObject({ status: 'ok', outbox: { depth: 0 }, deadLetters: 0 });
      expect(health.consumers.map(({ consumer }) => consumer)).toEqual(
        expect.arrayContaining(['chat.orders', 'notifications.facts', 'orders.payments']),
      );
      for (const one of health.consumers)
        expect(one).toMatchObject({ waiting: 0, retrying: 0, deadLetters: 0 });
    }, FIRST_PATIENCE_MS);
  }, 200_000);
});

describe('a correlation id', () => {
  it('that a request brings finds every event it caused, in every service, at once and later', async () => {
    const user = await givenUser();
    const [placing, paying] = [`order-${randomUUID()}`, `pay-${randomUUID()}`];
    const body = { items: [{ productId: product.id, quantity: 1 }], paymentMethod: 'SANDBOX' };
    const answer = await user.send('POST', '/orders', { body, headers: { 'x-correlation-id': placing } });
    expect(answer.headers.get('x-correlation-id')).toBe(placing);
    const { order, payment, paymentUrl = '' } = answer.data<Placed>();
    const headers = { 'x-correlation-id': paying };
    const paid = await guest().send('POST', paymentUrl, { body: { outcome: 'pay' }, headers });
    expect(paid.headers.get('x-correlation-id')).toBe(paying);
    await waitForOrder(user, order.id, { paymentStatus: 'PAID' });

    const chain = await eventually(async () => {
      const events = await eventsOf({ correlationId: placing });
      expect(events.filter(({ type }) => type === 'notification.sent')).toHaveLength(3);
      return events;
    }, 60_000);
    expect(chain.map(({ type }) => type).sort()).toEqual([
      'notification.created',
      'notification.created',
      'notification.created',
      'notification.sent',
      'notification.sent',
      'notification.sent',
      'order.created',
      'order.updated',
      'payment.started',
      'payment.succeeded',
    ]);
    // Whatever happened to the order and its payment belongs to this request.
    for (const aggregateId of [order.id, payment!.id])
      for (const event of await eventsOf({ aggregateId })) expect(chain).toContainEqual(event);
    // Each says what it followed from, back to the request.
    const ids = new Map(chain.map((event) => [event.id, event.type]));
    const causes = chain.map(({ type, causationId }) => [type, ids.get(causationId ?? '') ?? null]);
    expect(causes).toEqual(
      expect.arrayContaining([
        ['order.created', null],
        ['order.updated', 'payment.succeeded'],
        ['notification.created', 'order.created'],
        ['notification.sent', 'payment.succeeded'],
      ]),
    );
    expect(await eventsOf({ correlationId: paying })).toEqual([]);
  });

  it('of a login finds the login', async () => {
    const user = await givenUser();
    const correlationId = randomUUID();
    const body = { email: user.session?.user.email, password: 'Secret123' };
    await guest().send('POST', '/auth/login', { body, headers: { 'x-correlation-id': correlationId } });
    expect(await eventsOf({ correlationId })).toEqual([
      expect.objectContaining({
        type: 'user.login',
        actor: expect.objectContaining({ id: user.userId, role: 'user' }),
        data: { userId: user.userId },
      }),
    ]);
  });

  it('that could do harm is replaced by another', async () => {
    for (const wrong of ['a b', 'x'.repeat(129), '<script>']) {
      const answer = await guest().send('GET', '/products', { headers: { 'x-correlation-id': wrong } });
      expect(answer.headers.get('x-correlation-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
  });
});
