import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@order-system/messaging/testing/eventually';
import { e2e } from '@order-system/testing/e2e';
import { type Platform, startPlatform } from '@order-system/testing/platform';
import { endTwins, startTwins, type Twin } from '@order-system/testing/twin';
import { io } from 'socket.io-client';
import { Client, givenAdmin, givenPaidOrder, givenProduct, givenUser, times } from './client.js';
import {
  closeWires,
  connect,
  givenRoom,
  type Message,
  readMessages,
  reissue,
  upTo,
  type Wire,
} from './sockets.js';

const DOOR = e2e.topology === 'embedded' ? 'embedded' : 'gateway';

// A system of its own, whose gateways may die; two of everything would take all the connections a server has.
const env = { DATABASE_POOL: '2' };
let platform: Platform;
let admin: Client;
let ada: Client;
beforeAll(async () => {
  const server = process.env['DATABASE_URL'];
  platform = await startPlatform({ topology: e2e.topology, env, ...(server && { server }) });
  admin = await givenAdmin(platform.url);
  ada = await givenUser(platform.url);
});
afterEach(closeWires);
afterAll(() => platform?.stop(), 30_000);

it('clients come back by themselves when their gateway is replaced, and read what they have missed', async () => {
  const { id } = await givenRoom(ada);
  const wire = await connect(ada);
  await wire.join(id);
  await admin.ask('POST', `/chat/${id}/messages`, { content: 'one' });
  await wire.saw('newMessage', { orderId: id, seq: 1 });
  await platform.restart(DOOR, {});
  await admin.ask('POST', `/chat/${id}/messages`, { content: 'two' });
  expect(wire.ended).toMatch(/^transport/);
  await eventually(() => expect(wire.socket.connected).toBe(true));
  expect(await wire.join(id)).toMatchObject({ lastSeq: 2 });
  expect(await readMessages(ada, id, 1)).toMatchObject([{ seq: 2, content: 'two' }]);
  await admin.ask('POST', `/chat/${id}/messages`, { content: 'three' });
  await wire.saw('newMessage', { orderId: id, seq: 3 });
});

it('clients are told at once by a gateway whose clock is a month ahead', async () => {
  const clock = pathToFileURL('tools/chaos/clock.mjs').href;
  const month = 31 * 86_400_000;
  await platform.restart(DOOR, { NODE_OPTIONS: `--import=${clock}`, CLOCK_OFFSET_MS: String(month) });
  const token = reissue(ada.session?.token ?? '', { exp: Math.floor((Date.now() + 2 * month) / 1000) });
  const later = new Client(platform.url, { ...ada.session!, token });
  const wire = await connect(later);
  const { id } = await givenRoom(later);
  await wire.join(id);
  await later.ask('POST', `/chat/${id}/messages`, { content: 'one' });
  await wire.saw('newMessage', { orderId: id, seq: 1 });
  await platform.restart(DOOR, {});
});

/** One process has no twin, and no part that can be away. */
const itDistributed = e2e.topology === 'distributed' ? it : () => undefined;
const describeDistributed = e2e.topology === 'distributed' ? describe : () => undefined;

itDistributed(
  'clients that come while nobody can be asked who they are come again by themselves',
  async () => {
    const auth = platform.pids()['auth'] ?? 0;
    process.kill(auth, 'SIGSTOP');
    const socket = io(platform.url, { auth: { token: ada.session?.token }, transports: ['websocket'] });
    const left: string[] = [];
    const refused: string[] = [];
    socket.on('disconnect', (reason) => left.push(reason));
    socket.on('connect_error', ({ message }) => refused.push(message));
    try {
      await eventually(() => expect(left).toContain('transport close'));
      expect(socket.connected).toBe(false);
      process.kill(auth, 'SIGCONT');
      await eventually(() => expect(socket.connected).toBe(true));
      expect(refused).toEqual([]);
    } finally {
      process.kill(auth, 'SIGCONT');
      socket.disconnect();
    }
  },
  60_000,
);

describeDistributed('with two gateways and two of every service', () => {
  let twins: Twin[] = [];
  let gateway: Twin;
  beforeAll(async () => {
    [gateway] = twins = await startTwins(platform);
  });
  afterAll(() => endTwins(twins), 30_000);

  const atTwin = (client: Client) => new Client(gateway.url, client.session);
  const say = (client: Client, orderId: string, content: string) =>
    client.ask<Message>('POST', `/chat/${orderId}/messages`, { content });
  const joined = async (clients: Client[], orderId: string): Promise<Wire[]> => {
    const wires = await Promise.all(clients.map((client) => connect(client)));
    await Promise.all(wires.map((wire) => wire.join(orderId)));
    return wires;
  };

  it('a client of either one sees everything, once, in order', async () => {
    const { id } = await givenRoom(ada);
    const wires = await joined([ada, admin, atTwin(ada), atTwin(admin)], id);
    await Promise.all(
      wires.map(async (wire, i) => {
        for (const n of upTo(25)) await wire.ask('sendMessage', { orderId: id, content: `${i} says ${n}` });
      }),
    );
    const stored = await readMessages(atTwin(ada), id);
    expect(stored.map(({ seq }) => seq)).toEqual(upTo(100));
    for (const wire of wires) {
      await wire.saw('newMessage', { orderId: id, seq: 100 });
      expect(wire.about('newMessage', id)).toEqual(stored);
    }
  });

  it('orders are paid, and told of once', async () => {
    const product = await givenProduct(admin, { stock: 50 });
    const wires = await Promise.all(
      [ada, admin, atTwin(ada), atTwin(admin)].map((client) => connect(client)),
    );
    await wires[3]?.ask('watchEvents', {});
    const orders = await Promise.all(
      times(10, (i) => givenPaidOrder(i % 2 === 0 ? ada : atTwin(ada), product)),
    );
    for (const { id } of orders)
      for (const wire of wires) {
        await wire.saw('orderUpdate', { orderId: id, paymentStatus: 'PAID' });
        await wire.saw('paymentSuccess', { orderId: id });
        expect(wire.about('paymentSuccess', id)).toHaveLength(1);
        expect(wire.about('orderUpdate', id)).toHaveLength(1);
      }
    const seen = wires[3]?.pushes.filter(({ name }) => name === 'event').map(({ payload }) => payload) ?? [];
    expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
    for (const { id } of orders) {
      const stored = await admin.ask<object[]>('GET', `/events?aggregateId=${id}`);
      for (const event of stored) expect(seen).toContainEqual(event);
    }
  });

  it('typing, announcements and the end of a session reach the other one', async () => {
    const user = await givenUser(platform.url);
    const { id } = await givenRoom(user);
    const [here, there] = (await joined([user, atTwin(admin)], id)) as [Wire, Wire];
    const same = await connect(atTwin(user));
    await here.ask('typing', { orderId: id, typing: true });
    await there.saw('typing', { orderId: id, userId: user.userId, typing: true });
    await there.ask('typing', { orderId: id, typing: true });
    await here.saw('typing', { orderId: id, userId: admin.userId, typing: true });
    await admin.ask('POST', '/announcements', { message: 'To all' });
    for (const wire of [here, there, same]) await wire.saw('announcement', { message: 'To all' });
    await user.send('POST', '/auth/logout');
    for (const wire of [here, same])
      await eventually(() => expect(wire.ended).toBe('io server disconnect'), 5_000);
    expect(there.ended).toBeUndefined();
  });

  it('whichever of them dies, the other one goes on to tell', async () => {
    const { id } = await givenRoom(ada);
    const [here, there] = (await joined([ada, atTwin(ada)], id)) as [Wire, Wire];
    await say(admin, id, 'one');
    for (const wire of [here, there]) await wire.saw('newMessage', { orderId: id, seq: 1 });

    // The platform's own was the first to ask for the pushes, so it had them; then they are the twin's.
    await platform.restart(DOOR, {});
    await say(atTwin(admin), id, 'two');
    await there.saw('newMessage', { orderId: id, seq: 2 });
    await eventually(() => here.join(id));
    await say(atTwin(admin), id, 'three');
    for (const wire of [here, there]) await wire.saw('newMessage', { orderId: id, seq: 3 });

    await gateway.end('SIGKILL');
    await say(admin, id, 'four');
    await here.saw('newMessage', { orderId: id, seq: 4 });
    // Its gateway may have been slower with the second one than it was with coming back.
    const told = here.about('newMessage', id).map(({ seq }) => seq);
    expect([upTo(4), [1, 3, 4]]).toContainEqual(told);
    expect(await readMessages(ada, id, 1)).toMatchObject([{ seq: 2 }, { seq: 3 }, { seq: 4 }]);
  });

  it('and nothing was left undone', async () => {
    await eventually(async () =>
      expect(await admin.ask('GET', '/events/health')).toMatchObject({ status: 'ok', outbox: { depth: 0 } }),
    );
    expect(await admin.ask('GET', '/events/dead-letters')).toEqual([]);
  });
});
