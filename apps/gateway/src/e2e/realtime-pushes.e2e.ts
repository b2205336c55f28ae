import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@order-system/messaging/testing/eventually';
import {
  type Client,
  givenAdmin,
  givenOrder,
  givenPaidOrder,
  givenProduct,
  givenUser,
  type Order,
  type Placed,
  type Product,
  settle,
  waitForOrder,
} from './client.js';
import { closeWires, connect, type Message, type Wire } from './sockets.js';

interface Event {
  id: string;
  type: string;
  occurredAt: string;
}

let admin: Client;
let ada: Client;
let product: Product;
beforeAll(async () => {
  [admin, ada] = await Promise.all([givenAdmin(), givenUser()]);
  product = await givenProduct(admin, { price: 12.5 });
});
afterEach(closeWires);

const keysOf = (pushes: object[]) => [...new Set(pushes.flatMap((payload) => Object.keys(payload)))].sort();
const eventsOf = (orderId: string) => admin.ask<Event[]>('GET', `/events?aggregateId=${orderId}&limit=100`);

/** Somebody in the room and somebody who is not, of each side; and a stranger. */
interface Watchers {
  inRoom: Wire;
  owner: Wire;
  adminInRoom: Wire;
  admin: Wire;
  stranger: Wire;
}
async function watchersOf(placed: Placed, before: Wire[]): Promise<Watchers> {
  const [inRoom, owner, adminInRoom, staff, stranger] = before as [Wire, Wire, Wire, Wire, Wire];
  await Promise.all([inRoom.join(placed.order.id), adminInRoom.join(placed.order.id)]);
  return { inRoom, owner, adminInRoom, admin: staff, stranger };
}

/** All that can happen to an order, from its placing to its completion. Answers with what was said in its room. */
async function live({ order, ...placed }: Placed, { inRoom, adminInRoom }: Watchers): Promise<Message> {
  const { id } = order;
  await settle({ order, ...placed }, 'decline');
  await waitForOrder(ada, id, { paymentStatus: 'FAILED' });
  await settle(await ada.ask<Placed>('POST', `/orders/${id}/payments`, { paymentMethod: 'SANDBOX' }));
  await waitForOrder(ada, id, { paymentStatus: 'PAID' });
  const { message } = await inRoom.ask('sendMessage', { orderId: id, content: 'Hi', clientMessageId: '1' });
  await inRoom.ask('typing', { orderId: id, typing: true });
  await adminInRoom.ask('markRead', { orderId: id, seq: 1 });
  // It goes to who is connected now, and is not kept.
  await adminInRoom.saw('typing', { orderId: id });
  await admin.ask('PATCH', `/chat/${id}/close`, { summary: 'Agreed.' });
  for (const status of ['SHIPPED', 'COMPLETED']) await admin.ask('PATCH', `/orders/${id}/status`, { status });
  return message;
}

const COUNTED = [
  'orderCreated',
  'paymentSuccess',
  'paymentFailed',
  'newMessage',
  'typing',
  'messagesRead',
  'chatClosed',
];

it('each push goes to whom it is for, once, with the fields it has to have', async () => {
  const clients = [ada, ada, admin, admin, await givenUser()];
  const wires = await Promise.all(clients.map((client) => connect(client)));
  const placed = await givenOrder(ada, product, 2);
  const { id, number } = placed.order;
  const watchers = await watchersOf(placed, wires);
  const message = await live(placed, watchers);
  const { inRoom, owner, adminInRoom, stranger } = watchers;

  const moves = (await eventsOf(id)).filter(({ type }) => type !== 'order.created').reverse();
  for (const wire of [inRoom, owner, adminInRoom, watchers.admin])
    await wire.saw('orderUpdate', { orderId: id, status: 'COMPLETED' });
  // What comes a second time comes before what is told now, and after the last of all the facts.
  const fence = randomUUID();
  for (const wire of [inRoom, owner]) {
    const count = () => wire.about('notification', id).length;
    await eventually(async () => {
      const listed = await ada.ask<{ orderId: string }[]>('GET', '/notifications?limit=100');
      expect(count()).toBe(listed.filter(({ orderId }) => orderId === id).length);
      // The last of all.
      expect(listed).toContainEqual(expect.objectContaining({ title: `Order ${number} is complete` }));
    });
  }
  await admin.ask('POST', '/announcements', { message: fence });
  for (const wire of wires) await wire.saw('announcement', { message: fence });

  const counts = (wire: Wire) =>
    Object.fromEntries(COUNTED.map((name) => [name, wire.about(name, id).length]));
  const none = Object.fromEntries(COUNTED.map((name) => [name, 0]));
  const known = { paymentSuccess: 1, paymentFailed: 1, newMessage: 1 };
  const inside = { ...known, messagesRead: 1, chatClosed: 1 };
  expect(counts(inRoom)).toEqual({ ...none, ...inside });
  expect(counts(owner)).toEqual({ ...none, ...known });
  expect(counts(adminInRoom)).toEqual({ ...none, ...inside, typing: 1, orderCreated: 1 });
  expect(counts(watchers.admin)).toEqual({ ...none, ...known, orderCreated: 1 });
  // The stranger may be welcomed meanwhile.
  const [announced, ...more] = stranger.pushes.filter(({ payload }) => payload['kind'] !== 'WELCOME');
  expect(announced).toEqual({ name: 'announcement', payload: { message: fence, at: expect.any(String) } });
  expect(more).toEqual([]);
  for (const wire of [adminInRoom, watchers.admin]) expect(wire.about('notification', id)).toEqual([]);

  const { createdAt, updatedAt, history } = await ada.ask<Order>('GET', `/orders/${id}`);
  const [created] = adminInRoom.about('orderCreated', id);
  expect(created).toEqual({
    orderId: id,
    number,
    userId: ada.userId,
    status: 'PENDING',
    total: 25,
    createdAt,
  });
  const updates = adminInRoom.about('orderUpdate', id);
  expect(updates).toHaveLength(moves.length);
  expect(keysOf(updates)).toEqual(['orderId', 'paymentStatus', 'status', 'updatedAt']);
  expect(updates.map((update) => [update['status'], update['paymentStatus']])).toEqual([
    ['PENDING', 'FAILED'],
    ['PENDING', 'PENDING'],
    ['PROCESSING', 'PAID'],
    ['SHIPPED', 'PAID'],
    ['COMPLETED', 'PAID'],
  ]);
  expect(updates.at(-1)?.['updatedAt']).toBe(updatedAt);
  expect(history.at(-1)?.at).toBe(updatedAt);
  for (const wire of [inRoom, owner, watchers.admin]) expect(wire.about('orderUpdate', id)).toEqual(updates);
  expect(owner.about('paymentSuccess', id)).toEqual([{ orderId: id, amount: 25 }]);
  expect(owner.about('paymentFailed', id)).toEqual([{ orderId: id, message: expect.stringMatching(/\S/) }]);
  for (const wire of [inRoom, owner, adminInRoom, watchers.admin])
    expect(wire.about('newMessage', id)).toEqual([message]);
  expect(adminInRoom.about('typing', id)).toEqual([{ orderId: id, userId: ada.userId, typing: true }]);
  expect(inRoom.about('messagesRead', id)).toEqual([{ orderId: id, userId: admin.userId, seq: 1 }]);
  expect(inRoom.about('chatClosed', id)).toEqual([{ orderId: id, summary: 'Agreed.' }]);
  const told = owner.about('notification', id);
  const listed = await ada.ask<object[]>('GET', '/notifications?limit=100');
  for (const notification of told) expect(listed).toContainEqual(notification);
});

it('who has left a room hears no more of what is for the room alone', async () => {
  const { order } = await givenOrder(ada, product);
  const [gone, here] = await Promise.all([connect(ada), connect(admin)]);
  await Promise.all([gone.join(order.id), here.join(order.id)]);
  expect(await gone.ask('leaveOrder', { orderId: order.id })).toEqual({ ok: true });
  expect(await gone.send('typing', { orderId: order.id, typing: true })).toMatchObject({ code: 'NOT_FOUND' });
  const { message } = await here.ask('sendMessage', { orderId: order.id, content: 'Hello' });
  await ada.ask('POST', `/chat/${order.id}/read`, { seq: message.seq });
  await here.saw('messagesRead', { orderId: order.id });
  await gone.saw('newMessage', { orderId: order.id });
  expect(gone.about('messagesRead', order.id)).toEqual([]);
});

describe('every event there is', () => {
  it('is shown to admins who ask for it, until they want no more', async () => {
    const [watching, other] = await Promise.all([connect(admin), connect(admin)]);
    expect(await watching.send('watchEvents')).toEqual({ ok: true });
    const { id } = await givenPaidOrder(ada, product);
    await eventually(async () => {
      const stored = await eventsOf(id);
      const seen = watching.pushes.filter(({ payload }) =>
        stored.some((event) => event.id === payload['id']),
      );
      expect(seen.map(({ payload }) => payload)).toEqual(stored.reverse());
    });
    await watching.ask('watchEvents', { watch: false });
    const before = watching.pushes.filter(({ name }) => name === 'event').length;
    const next = await givenOrder(ada, product);
    await watching.saw('orderCreated', { orderId: next.order.id });
    expect(watching.pushes.filter(({ name }) => name === 'event')).toHaveLength(before);
    expect(other.pushes.filter(({ name }) => name === 'event')).toEqual([]);
  });

  it('is not for customers', async () => {
    const wire = await connect(ada);
    expect(await wire.send('watchEvents', {})).toMatchObject({ ok: false, code: 'FORBIDDEN' });
    const { order } = await givenOrder(ada, product);
    await admin.ask('POST', `/orders/${order.id}/cancel`, {});
    await wire.saw('orderUpdate', { orderId: order.id, status: 'CANCELLED' });
    expect(wire.pushes.filter(({ name }) => name === 'event')).toEqual([]);
  });
});
