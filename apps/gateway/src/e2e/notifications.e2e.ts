import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type {
  GetPreferences,
  ListMailbox,
  ReadNotification,
} from '@order-system/contracts/notifications.contracts';
import type { WireOutput } from '@order-system/contracts/define';
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
  type Product,
  settle,
  waitForOrder,
} from './client.js';
import { closeWires, connect, type Message } from './sockets.js';

type Notification = WireOutput<typeof ReadNotification>;
type Mail = WireOutput<typeof ListMailbox>['items'][number];
type Preferences = WireOutput<typeof GetPreferences>['preferences'];
type Meta = Record<'total' | 'unread' | 'page' | 'limit' | 'totalPages', number>;

let admin: Client;
let product: Product;
beforeAll(async () => {
  admin = await givenAdmin();
  product = await givenProduct(admin);
});
afterAll(closeWires);

const addressOf = (user: Client): string => user.session?.user.email ?? '';
const mailsTo = (user: Client): Promise<Mail[]> =>
  admin.ask('GET', `/notifications/mailbox?limit=100&to=${encodeURIComponent(addressOf(user))}`);
const subjectsTo = async (user: Client) => (await mailsTo(user)).map(({ subject }) => subject).sort();
const listOf = (user: Client, query = ''): Promise<Notification[]> =>
  user.ask('GET', `/notifications?limit=100${query}`);
const titlesOf = async (user: Client) => (await listOf(user)).map(({ title }) => title).sort();
const metaOf = async (user: Client, query = '') =>
  (await user.send('GET', `/notifications?${query}`)).body<{ meta: Meta }>().meta;
const choose = (user: Client, preferences: Partial<Preferences>) =>
  user.ask<WireOutput<typeof GetPreferences>>('PATCH', '/notifications/preferences', { preferences });
const advance = (id: string, status: string) =>
  admin.ask<Order>('PATCH', `/orders/${id}/status`, { status, trackingNumber: 'T-1', carrier: 'DHL' });

describe('a whole purchase', () => {
  it('is told step by step, by mail and in the list, each fact once', async () => {
    const user = await givenUser();
    const placed = await givenOrder(user, product, 2);
    const { id, number } = placed.order;
    await settle(placed, 'decline');
    await waitForOrder(user, id, { paymentStatus: 'FAILED' });
    const again = await user.ask<typeof placed>('POST', `/orders/${id}/payments`, {
      paymentMethod: 'SANDBOX',
    });
    await pay(user, { ...placed, ...again });
    await advance(id, 'SHIPPED');
    await advance(id, 'COMPLETED');
    const { payment } = await user.ask<Order>('GET', `/orders/${id}`);
    await admin.ask('POST', `/payments/${payment?.id}/refund`, { amount: 5, reason: 'A scratch' });

    const told = [
      'Welcome',
      `Order ${number} received`,
      `Payment failed for order ${number}`,
      `Payment received for order ${number}`,
      `Order ${number} is being prepared`,
      `Order ${number} is on its way`,
      `Order ${number} is complete`,
      `Refund for order ${number}`,
    ].sort();
    await eventually(async () => expect(await subjectsTo(user)).toEqual(told), 20_000);
    expect(await titlesOf(user)).toEqual(told);
    const mails = await mailsTo(user);
    expect(new Set(mails.map(({ messageId }) => messageId)).size).toBe(told.length);
    const of = (title: string) => mails.find(({ subject }) => subject.startsWith(title))?.text;
    expect(of('Payment received')).toContain('$39.98');
    expect(of('Refund')).toContain('$5.00');
    expect(of(`Order ${number} is on its way`)).toContain('T-1');
    const list = await listOf(user);
    expect(list.filter(({ orderId }) => orderId === id)).toHaveLength(told.length - 1);
  });

  it('is nobody else’s news', async () => {
    const [user, other] = [await givenUser(), await givenUser()];
    const { order } = await givenOrder(user, product);
    await eventually(async () => expect(await listOf(user)).toHaveLength(2));
    expect((await listOf(other)).map(({ kind }) => kind)).toEqual(['WELCOME']);
    expect(await listOf(admin)).not.toContainEqual(expect.objectContaining({ orderId: order.id }));
  });

  it('is told of what the staff and the customer agreed on', async () => {
    const user = await givenUser();
    const body = { description: 'An oak <b>table</b>', specifications: { wood: 'oak' }, quantity: 1 };
    const { order } = await user.ask<{ order: Order }>('POST', '/orders', body);
    await eventually(() => admin.ask('GET', `/chat/${order.id}`));
    await admin.ask('PATCH', `/chat/${order.id}/close`, { summary: 'Oak, <oiled>', quote: 500 });
    const subjects = [`The room of order ${order.number} was closed`, `Payment for order ${order.number}`];
    await eventually(
      async () => expect(await subjectsTo(user)).toEqual(expect.arrayContaining(subjects)),
      20_000,
    );
    const mails = await mailsTo(user);
    const room = mails.find(({ subject }) => subject === subjects[0]);
    expect(room?.text).toContain('Oak, <oiled>');
    expect(room?.html).toContain('Oak, &lt;oiled&gt;');
    const link =
      /https?:\S+/.exec(mails.find(({ subject }) => subject === subjects[1])?.text ?? '')?.[0] ?? '';
    expect((await guest().send('GET', link)).status).toBe(200);
  });
});

it('a message of the staff is news for who is away, not for who is looking at the room', async () => {
  const [here, away] = [await givenUser(), await givenUser()];
  const [mine, theirs] = [await givenOrder(here, product), await givenOrder(away, product)];
  const say = (id: string) =>
    eventually(() => admin.ask('POST', `/chat/${id}/messages`, { content: 'Which colour?' }));
  const wire = await connect(here);
  await wire.join(mine.order.id);
  await say(mine.order.id);
  const { seq } = await wire.saw<Message>('newMessage', { orderId: mine.order.id });
  await wire.ask('markRead', { orderId: mine.order.id, seq });
  // When this one is told, the one before would have been.
  await say(theirs.order.id);
  const title = `New message about order ${theirs.order.number}`;
  await eventually(async () => expect(await titlesOf(away)).toContain(title), 20_000);
  const kinds = [...(await listOf(here)), ...wire.about('notification', mine.order.id)].map(
    ({ kind }) => kind,
  );
  expect(kinds).toContain('ORDER_PLACED');
  expect(kinds).not.toContain('NEW_MESSAGE');
});

describe('the list', () => {
  it('counts what is unread, and can be read one by one or all at once', async () => {
    const user = await givenUser();
    await givenOrder(user, product);
    await givenOrder(user, product);
    await eventually(async () => expect(await metaOf(user)).toMatchObject({ total: 3, unread: 3 }));
    const [newest, , welcome] = await listOf(user);
    expect([newest?.kind, welcome?.kind]).toEqual(['ORDER_PLACED', 'WELCOME']);
    expect(newest?.read).toBe(false);

    const path = `/notifications/${newest?.id}/read`;
    expect(await user.ask<Notification>('POST', path, {})).toEqual({ ...newest, read: true });
    expect(await user.ask<Notification>('POST', path, {})).toEqual({ ...newest, read: true });
    expect(await metaOf(user)).toMatchObject({ total: 3, unread: 2 });
    expect((await listOf(user, '&unread=true')).map(({ id }) => id)).not.toContain(newest?.id);
    expect((await listOf(user, '&unread=false')).map(({ id }) => id)).toEqual([newest?.id]);

    expect(await user.ask('POST', '/notifications/read-all', {})).toEqual({ read: 2 });
    expect(await user.ask('POST', '/notifications/read-all', {})).toEqual({ read: 0 });
    expect(await metaOf(user, 'unread=true')).toMatchObject({ total: 0, unread: 0 });
  });

  it('comes in pages, the newest first', async () => {
    const user = await givenUser();
    for (let i = 0; i < 3; i += 1) await givenOrder(user, product);
    await eventually(async () => expect(await listOf(user)).toHaveLength(4));
    const all = await listOf(user);
    const times = all.map(({ createdAt }) => createdAt);
    expect(times).toEqual([...times].sort().reverse());
    const pages = [1, 2].map((page) =>
      user.ask<Notification[]>('GET', `/notifications?limit=3&page=${page}`),
    );
    expect((await Promise.all(pages)).flat()).toEqual(all);
    expect(await metaOf(user, 'limit=3&page=2')).toMatchObject({
      total: 4,
      page: 2,
      limit: 3,
      totalPages: 2,
    });
  });

  it('is for its owner: to others a notification does not exist', async () => {
    const [user, stranger] = [await givenUser(), await givenUser()];
    const [own] = await eventually(async () => {
      const found = await listOf(user);
      expect(found).toHaveLength(1);
      return found;
    });
    for (const one of [stranger, admin])
      expect((await one.send('POST', `/notifications/${own?.id}/read`, { body: {} })).outcome).toEqual([
        404,
        'NOT_FOUND',
      ]);
    expect((await user.send('POST', `/notifications/${newId()}/read`, { body: {} })).status).toBe(404);
    expect((await listOf(user))[0]?.read).toBe(false);
    expect((await user.send('GET', '/notifications/mailbox')).outcome).toEqual([403, 'FORBIDDEN']);
  });
});

describe('preferences', () => {
  it('have all kinds, and keep those that are not named', async () => {
    const user = await givenUser();
    const { preferences: before } = await user.ask<WireOutput<typeof GetPreferences>>(
      'GET',
      '/notifications/preferences',
    );
    expect(before).toMatchObject({ WELCOME: ['EMAIL', 'IN_APP'], NEW_MESSAGE: ['EMAIL', 'IN_APP'] });
    const { preferences } = await choose(user, { ORDER_PLACED: ['IN_APP'] });
    expect(preferences).toEqual({ ...before, ORDER_PLACED: ['IN_APP'] });
    for (const wrong of [{ ORDER_PLACED: ['PIGEON'] }, { ANYTHING: ['EMAIL'] }])
      expect(
        (await user.send('PATCH', '/notifications/preferences', { body: { preferences: wrong } })).outcome,
      ).toEqual([400, 'VALIDATION_FAILED']);
  });

  it('decide by which channels somebody is told', async () => {
    const user = await givenUser();
    await eventually(async () => expect(await subjectsTo(user)).toEqual(['Welcome']), 20_000);
    await choose(user, {
      ORDER_PLACED: ['EMAIL'],
      PAYMENT_SUCCEEDED: ['IN_APP'],
      ORDER_STATUS: [],
    });
    const placed = await givenOrder(user, product);
    const { number } = await pay(user, placed);
    const listed = [`Payment received for order ${number}`, 'Welcome'];
    await eventually(async () => expect(await titlesOf(user)).toEqual(listed), 20_000);
    const mailed = [`Order ${number} received`, 'Welcome'];
    await eventually(async () => expect(await subjectsTo(user)).toEqual(mailed), 20_000);
    // The last fact of the purchase is told by now, and nothing more has come of it.
    const told = () =>
      admin.ask<{ type: string }[]>('GET', `/events?type=order.updated&aggregateId=${placed.order.id}`);
    await eventually(async () => expect(await told()).toHaveLength(1));
    expect([await titlesOf(user), await subjectsTo(user)]).toEqual([listed, mailed]);
  });
});
