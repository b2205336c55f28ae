import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type Client,
  givenAdmin,
  givenUser,
  type Order,
  type Placed,
  settle,
  tally,
  times,
  waitForOrder,
} from './client.js';
import {
  asAdmin,
  type ChatRoom,
  closeWires,
  connect,
  givenRoom,
  type Message,
  readMessages,
  upTo,
} from './sockets.js';

const summary = 'Oak, 120 x 60 cm, oiled.';
const CLOSED = [409, 'ROOM_CLOSED'];

let admin: Client;
let ada: Client;
beforeAll(async () => {
  [admin, ada] = await Promise.all([givenAdmin(), givenUser()]);
});
afterEach(closeWires);

const say = (client: Client, orderId: string, content: string, clientMessageId?: string) =>
  client.send('POST', `/chat/${orderId}/messages`, { body: { content, clientMessageId } });
const close = (client: Client, orderId: string, more: object = {}) =>
  client.send('PATCH', `/chat/${orderId}/close`, { body: { summary, ...more } });
const roomOf = (client: Client, orderId: string) => client.ask<ChatRoom>('GET', `/chat/${orderId}`);

describe('an order for something made to order', () => {
  it('is talked over, agreed, paid and completed, and both sides see each step', async () => {
    const [shop, home] = await Promise.all([connect(admin), connect(ada)]);
    const { id, number } = await givenRoom(ada);
    expect(await shop.saw('orderCreated', { orderId: id })).toMatchObject({
      number,
      userId: ada.userId,
      status: 'REVIEW',
    });
    for (const wire of [shop, home])
      expect(await wire.join(id)).toMatchObject({ orderId: id, closed: false, lastSeq: 0 });

    await home.ask('typing', { orderId: id, typing: true });
    await shop.saw('typing', { orderId: id, userId: ada.userId, typing: true });
    const asked = await home.ask('sendMessage', {
      orderId: id,
      content: 'How much?',
      clientMessageId: 'a-1',
    });
    expect(asked.message).toMatchObject({ seq: 1, senderId: ada.userId, senderRole: 'user' });
    expect(await shop.saw('newMessage', { orderId: id, seq: 1 })).toEqual(asked.message);
    expect(await roomOf(admin, id)).toMatchObject({ lastSeq: 1, unread: 1, closed: false });

    expect(await shop.ask('markRead', { orderId: id, seq: 1 })).toMatchObject({ seq: 1, unread: 0 });
    await home.saw('messagesRead', { orderId: id, userId: admin.userId, seq: 1 });
    const told = (await say(admin, id, '480, in three weeks.')).data<Message>();
    expect(await home.saw('newMessage', { orderId: id, seq: 2 })).toEqual(told);

    const closing = await close(admin, id, { quote: 480 });
    expect(closing.data<{ room: ChatRoom; order: Order }>()).toMatchObject({
      room: { closed: true, summary, lastSeq: 2 },
      order: { status: 'PROCESSING', total: 480, paymentStatus: 'PENDING' },
    });
    for (const wire of [shop, home]) {
      await wire.saw('chatClosed', { orderId: id, summary });
      await wire.saw('orderUpdate', { orderId: id, status: 'PROCESSING', paymentStatus: 'PENDING' });
    }
    await home.saw('notification', { orderId: id, kind: 'ROOM_CLOSED' });
    await home.saw('notification', { orderId: id, kind: 'PAYMENT_DUE' });

    const complete = { body: { status: 'COMPLETED' } };
    expect((await admin.send('PATCH', `/orders/${id}/status`, complete)).outcome[0]).toBe(409);
    const placed = await ada.ask<Placed>('POST', `/orders/${id}/payments`, { paymentMethod: 'SANDBOX' });
    expect(placed.payment).toMatchObject({ amount: 480 });
    await settle(placed);
    for (const wire of [shop, home]) {
      await wire.saw('paymentSuccess', { orderId: id, amount: 480 });
      await wire.saw('orderUpdate', { orderId: id, paymentStatus: 'PAID' });
    }
    expect((await admin.send('PATCH', `/orders/${id}/status`, complete)).status).toBe(200);
    await home.saw('orderUpdate', { orderId: id, status: 'COMPLETED', paymentStatus: 'PAID' });
    const order = await waitForOrder(ada, id, { status: 'COMPLETED' });
    expect(order.history.map(({ to }) => to)).toEqual(['REVIEW', 'PROCESSING', 'COMPLETED']);
  });

  it('can be given away without a price', async () => {
    const { id } = await givenRoom(ada);
    expect((await close(admin, id)).data<{ order: Order }>().order).toMatchObject({
      status: 'PROCESSING',
      paymentStatus: 'NOT_REQUIRED',
    });
    const completed = await admin.ask('PATCH', `/orders/${id}/status`, { status: 'COMPLETED' });
    expect(completed).toMatchObject({ status: 'COMPLETED' });
  });
});

it('the first message may come as soon as the order is placed', async () => {
  const answers = [];
  for (const _ of times(30, (i) => i)) answers.push(await say(ada, (await givenRoom(ada)).id, 'Hello'));
  expect(tally(answers)).toEqual({ '201': 30 });
});

it('its messages come as every list does: twenty unless said otherwise, and how many there are', async () => {
  const { id } = await givenRoom(ada);
  for (const at of upTo(21)) await say(ada, id, `no. ${at}`);
  const list = async (query: string) => {
    const answer = await ada.send('GET', `/chat/${id}/messages${query}`);
    const { data, meta } = answer.body<{ data: Message[]; meta: object }>();
    return { seqs: data.map(({ seq }) => seq), meta };
  };
  const meta = (total: number, limit: number, totalPages: number) => ({
    ...{ total, page: 1, limit, totalPages, lastSeq: 21 },
  });
  expect(await list('')).toEqual({ seqs: upTo(20), meta: meta(21, 20, 2) });
  expect(await list('?after=19')).toEqual({ seqs: [20, 21], meta: meta(2, 20, 1) });
  expect(await list('?before=4&limit=2')).toEqual({ seqs: [2, 3], meta: meta(3, 2, 2) });
  expect(await list('?after=21')).toEqual({ seqs: [], meta: meta(0, 20, 0) });
});

describe('a closed room', () => {
  it('takes no messages, and stays readable for both sides', async () => {
    const { id } = await givenRoom(ada);
    await say(ada, id, 'Hello', 'a-1');
    const wires = await Promise.all([connect(admin), connect(ada)]);
    await Promise.all(wires.map((wire) => wire.join(id)));
    expect((await close(admin, id)).status).toBe(200);

    for (const client of [admin, ada]) {
      expect((await say(client, id, 'One more thing')).outcome).toEqual(CLOSED);
      expect(await readMessages(client, id)).toMatchObject([{ seq: 1, content: 'Hello' }]);
      expect(await roomOf(client, id)).toMatchObject({ closed: true, summary, lastSeq: 1 });
    }
    for (const wire of wires) {
      const message = { orderId: id, content: 'One more thing', clientMessageId: randomUUID() };
      expect(await wire.send('sendMessage', message)).toMatchObject({ ok: false, code: 'ROOM_CLOSED' });
      expect(await wire.join(id)).toMatchObject({ closed: true, lastSeq: 1 });
    }
    expect((await close(admin, id)).outcome).toEqual(CLOSED);
    // What was stored before is answered as it was, also when it is sent again.
    expect((await say(ada, id, 'Hello', 'a-1')).data()).toMatchObject({ seq: 1 });
  });

  it('was closed by one of two admins, and the other is told so', () =>
    asAdmin(admin, ada, async (eve) => {
      const customer = await givenUser();
      for (const _ of times(5, (i) => i)) {
        const { id } = await givenRoom(customer);
        const answers = await Promise.all([
          close(admin, id, { summary: 'by admin', quote: 10 }),
          close(eve, id, { summary: 'by eve', quote: 20 }),
        ]);
        expect(tally(answers)).toEqual({ '200': 1, '409 ROOM_CLOSED': 1 });
        const winner = answers[0].status === 200 ? ['by admin', 10] : ['by eve', 20];
        const order = await waitForOrder(customer, id, { status: 'PROCESSING' });
        expect([(await roomOf(customer, id)).summary, order.total]).toEqual(winner);
      }
    }));

  it('is closed by staff alone', async () => {
    const { id } = await givenRoom(ada);
    expect((await close(ada, id)).outcome).toEqual([403, 'FORBIDDEN']);
    expect((await close(await givenUser(), id)).outcome[0]).toBeGreaterThanOrEqual(403);
    expect((await close(admin, randomUUID())).outcome).toEqual([404, 'NOT_FOUND']);
  });
});

it('one message sent ten times, by socket and HTTP at once, is stored once and answered alike', async () => {
  const { id } = await givenRoom(ada);
  const wires = await Promise.all(times(2, () => connect(ada)));
  const same = { content: 'Only once', clientMessageId: randomUUID() };
  const answers = await Promise.all(
    times(10, async (i) => {
      const wire = wires[i % 4];
      if (wire) return (await wire.ask('sendMessage', { orderId: id, ...same })).message;
      return (await say(ada, id, same.content, same.clientMessageId)).data<Message>();
    }),
  );
  const [first] = answers;
  expect(first).toMatchObject({ seq: 1, ...same });
  expect(answers).toEqual(times(10, () => first));
  expect(await readMessages(ada, id)).toEqual([first]);
  // Somebody else may have made the same id.
  expect((await say(admin, id, 'Mine', same.clientMessageId)).data()).toMatchObject({
    seq: 2,
    content: 'Mine',
  });
});
