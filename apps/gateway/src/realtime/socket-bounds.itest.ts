import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { AnnouncementMade } from '@order-system/contracts/notifications.contracts';
import { SYSTEM } from '@order-system/contracts/primitives';
import type { EventMessage } from '@order-system/messaging/events';
import { LocalBroker } from '@order-system/messaging/local/local-broker';
import { eventually } from '@order-system/messaging/testing/eventually';
import { io, type Socket } from 'socket.io-client';
import { ADA, ADMIN, type Door, startGateway } from '../gateway.fixture.js';
import { serveRealtime } from './realtime.js';

const broker = new LocalBroker();
const sockets: Socket[] = [];
const MOST_REQUESTS = 20;
let door: Door;
let url: string;
beforeAll(async () => {
  const env = { SOCKET_RATE_LIMIT: '10000', THROTTLE_LIMIT: String(MOST_REQUESTS) };
  door = await startGateway(env, (app, config) => serveRealtime(app, broker, config));
  await door.app.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${(door.app.getHttpServer().address() as AddressInfo).port}`;
});
afterAll(async () => {
  for (const socket of sockets) socket.disconnect();
  await door.close();
});

async function open(of: typeof ADA): Promise<Socket> {
  const auth = { token: door.bearer(of).authorization };
  const client = io(url, { forceNew: true, auth, transports: ['websocket'], reconnection: false });
  sockets.push(client);
  await eventually(() => expect(client.connected).toBe(true));
  return client;
}

/** What is below a client that goes by WebSocket. */
interface Engine {
  id: string;
  transport: { ws: { pause(): void; terminate(): void } };
}

const announcement = (message: string): EventMessage => ({
  id: randomUUID(),
  type: AnnouncementMade.type,
  version: AnnouncementMade.version,
  data: { message, at: new Date().toISOString() },
  aggregate: { type: 'announcement', id: randomUUID(), version: 1 },
  actor: SYSTEM,
  correlationId: 'c-1',
  causationId: null,
  occurredAt: new Date(),
});

/** What the server says of a connection that it knows, by another transport than its own, or no longer knows. */
const isKnown = async (id: string): Promise<boolean> => {
  const answer = await fetch(`${url}/socket.io/?EIO=4&transport=polling&sid=${id}`);
  return ((await answer.json()) as { message: string }).message !== 'Session ID unknown';
};

it('who does not read is let go before what waits for them fills the memory; who reads hears everything', async () => {
  const [reader, sleeper] = [await open(ADA), await open(ADMIN)];
  let heard = 0;
  reader.on('announcement', () => (heard += 1));
  const { id, transport } = sleeper.io.engine as unknown as Engine;
  transport.ws.pause();
  // Half of it fits into what the system keeps for the connection.
  const all = Array.from({ length: 12_000 }, () => announcement('x'.repeat(1000)));
  for (let from = 0; from < all.length; from += 500) {
    await broker.publish('notifications', all.slice(from, from + 500));
    await eventually(() => expect(heard).toBe(from + 500));
  }
  await eventually(async () => expect(await isKnown(id)).toBe(false));
  expect(reader.connected).toBe(true);
  transport.ws.terminate();
});

it('who is in some two hundred rooms has to leave one before they enter another', async () => {
  door.services.answer('chat.enter', ({ data }) => ({ ...(data as object), closed: false, lastSeq: 0 }));
  const client = await open(ADA);
  const enter = (): Promise<{ ok: boolean; code?: string }> =>
    client.emitWithAck('joinOrder', { orderId: rooms[rooms.push(randomUUID()) - 1] });
  const rooms: string[] = [];
  for (let i = 0; i < 190; i += 1) expect(await enter()).toMatchObject({ ok: true });
  for (let i = 0; i < 20; i += 1) await enter();
  expect(await enter()).toMatchObject({ ok: false, code: 'RATE_LIMITED' });
  await client.emitWithAck('leaveOrder', { orderId: rooms[0] });
  expect(await enter()).toMatchObject({ ok: true });
});

it('who connects again and again is not let in before their requests are few enough again; others are', async () => {
  const headers = door.bearer(ADA);
  const requests = async () => (await door.send({ url: '/api/orders', headers })).headers;
  const left = Number((await requests())['x-ratelimit-remaining']);
  expect(left).toBeLessThan(MOST_REQUESTS);
  for (let i = 0; i < left; i += 1) (await open(ADA)).disconnect();
  const refused: string[] = [];
  const client = io(url, {
    forceNew: true,
    auth: { token: headers.authorization },
    transports: ['websocket'],
  });
  sockets.push(client);
  client.on('connect_error', ({ message }) => refused.push(message));
  client.on('disconnect', (reason) => refused.push(reason));
  await eventually(() => expect(refused.length).toBeGreaterThan(1));
  expect(client.connected).toBe(false);
  expect((await door.send({ url: '/api/orders', headers })).statusCode).toBe(429);
  await open(ADMIN);
});
