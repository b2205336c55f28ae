import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SessionEnded, UserDeleted, UserUpdated } from '@order-system/contracts/auth.contracts';
import type { EventContract } from '@order-system/contracts/define';
import { DomainError } from '@order-system/contracts/errors';
import { GUEST } from '@order-system/contracts/primitives';
import type { EventMessage } from '@order-system/messaging/events';
import { LocalBroker } from '@order-system/messaging/local/local-broker';
import { eventually } from '@order-system/messaging/testing/eventually';
import { io, type Socket } from 'socket.io-client';
import { ADA, ADMIN, AN_ID, type Door, startGateway } from '../gateway.fixture.js';
import { serveRealtime } from './realtime.js';

let door: Door;
let url: string;
let asked: number;
let auth: 'there' | 'away' | 'broken';
let socket: Socket | undefined;
beforeAll(async () => {
  door = await startGateway({}, (app, config) => serveRealtime(app, new LocalBroker(), config));
  door.services.beforeAuthAnswers = async () => {
    asked += 1;
    if (auth === 'away') throw new DomainError('SERVICE_UNAVAILABLE', 'auth is not there.');
    if (auth === 'broken') throw new DomainError('INTERNAL', 'auth cannot reach its database.');
  };
  await door.app.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${(door.app.getHttpServer().address() as AddressInfo).port}`;
});
beforeEach(() => {
  asked = 0;
  auth = 'there';
});
afterEach(() => void socket?.disconnect());
afterAll(() => door.close());

/** A client that is told to connect once, and what it was told of that. */
const connect = (of: { userId: string; sessionId: string }, transports: string[]) => {
  const token = door.bearer(of).authorization;
  const soon = { reconnectionDelay: 10, reconnectionDelayMax: 20 };
  socket = io(url, { forceNew: true, auth: { token }, transports, ...soon });
  const refusals: string[] = [];
  socket.on('connect_error', ({ message }) => refusals.push(message));
  return { client: socket, refusals };
};

describe.each([
  ['polling', ['polling']],
  ['websocket', ['websocket']],
  ['both', ['polling', 'websocket']],
])('a client by %s', (_, transports) => {
  it.each(['away', 'broken'] as const)(
    'is in as soon as auth is back that was %s, without being told to connect again',
    async (trouble) => {
      auth = trouble;
      const { client, refusals } = connect(ADA, transports);
      // A handshake asks twice at most.
      await eventually(() => expect(asked).toBeGreaterThan(2));
      expect(client.connected).toBe(false);
      auth = 'there';
      await eventually(() => expect(client.connected).toBe(true));
      expect(refusals).not.toContain('Authentication error');
      expect(await client.timeout(5000).emitWithAck('leaveOrder', { orderId: ADA.userId })).toEqual({
        ok: true,
      });
    },
  );

  it('is refused for good when its session ended while auth was away', async () => {
    auth = 'away';
    const gone = { ...ADMIN, sessionId: '01935b2c-7f8a-4c3e-9d4b-00000000000c' };
    const { client, refusals } = connect(gone, transports);
    await eventually(() => expect(asked).toBeGreaterThan(2));
    auth = 'there';
    await eventually(() => expect(refusals).toContain('Authentication error'));
    expect(client.active).toBe(false);
  });
});

describe('what a user may send in a second', () => {
  const PER_SECOND = 5;
  let here: Door;
  const sockets: Socket[] = [];
  beforeAll(async () => {
    const env = { SOCKET_RATE_LIMIT: String(PER_SECOND) };
    here = await startGateway(env, (app, config) => serveRealtime(app, new LocalBroker(), config));
    await here.app.listen(0, '127.0.0.1');
  });
  afterAll(async () => {
    for (const client of sockets) client.disconnect();
    await here.close();
  });

  const open = async (of: typeof ADA) => {
    const { port } = here.app.getHttpServer().address() as AddressInfo;
    const auth = { token: here.bearer(of).authorization };
    const client = io(`http://127.0.0.1:${port}`, { forceNew: true, auth, transports: ['websocket'] });
    sockets.push(client);
    await eventually(() => expect(client.connected).toBe(true));
    return client;
  };
  /** How many of so many events were not too many. */
  const sent = async (client: Socket, count: number) => {
    const answers = Array.from({ length: count }, () => client.emitWithAck('nothing'));
    const codes = (await Promise.all(answers)).map(({ code }: { code: string }) => code);
    return codes.filter((code) => code !== 'RATE_LIMITED').length;
  };

  it('is the same through many sockets, at once or one after the other, and concerns nobody else', async () => {
    const many = await Promise.all(Array.from({ length: 10 }, () => open(ADA)));
    const from = performance.now();
    const taken = (await Promise.all(many.map((client) => sent(client, 20)))).reduce((a, b) => a + b);
    for (const client of many) client.disconnect();
    const takenThen = await sent(await open(ADA), 20);
    const seconds = (performance.now() - from) / 1000;
    expect(taken).toBeGreaterThanOrEqual(2 * PER_SECOND);
    expect(taken + takenThen).toBeLessThanOrEqual(2 * PER_SECOND + PER_SECOND * seconds);
    expect(await sent(await open(ADMIN), 2 * PER_SECOND)).toBe(2 * PER_SECOND);
  });
});

it.each([
  ['the shop, whatever name a proxy calls us by', 'https://shop.test', true],
  ['a listed site', 'https://admin.test', true],
  ['somebody else', 'https://shop.test.evil.test', false],
])('a page of %s: %s', async (_, origin, isLetIn) => {
  const env = { PUBLIC_URL: 'https://shop.test/', CORS_ORIGIN: 'https://admin.test' };
  const here = await startGateway(env, (app, config) => serveRealtime(app, new LocalBroker(), config));
  await here.app.listen(0, '127.0.0.1');
  const { port } = here.app.getHttpServer().address() as AddressInfo;
  const address = `http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`;
  const { ok } = await fetch(address, { headers: { origin } });
  await here.close();
  expect(ok).toBe(isLetIn);
});

describe('what a client sends in a row, without waiting for the answers', () => {
  const orderId = AN_ID;
  const connected = async (): Promise<Socket> => {
    const { client } = connect(ADA, ['websocket']);
    await eventually(() => expect(client.connected).toBe(true));
    return client;
  };

  /** When this is answered all that was sent before it has arrived: what does not exist waits for nothing. */
  const allToArrive = (client: Socket) => client.emitWithAck('nothing');

  it('is done in this order, also when the first of it takes longest', async () => {
    const client = await connected();
    const first = Promise.withResolvers<void>();
    const said: string[] = [];
    door.services.answer('chat.send', async ({ data }) => {
      const { content } = data as { content: string };
      if (content === 'one') await first.promise;
      said.push(content);
    });
    const words = ['one', 'two', 'three'];
    const answers = words.map((content) => client.emitWithAck('sendMessage', { orderId, content }));
    await allToArrive(client);
    first.resolve();
    await Promise.all(answers);
    expect(said).toEqual(words);
  });

  it('ends outside of a room that was entered and left', async () => {
    const client = await connected();
    const entered = Promise.withResolvers<void>();
    door.services.answer('chat.enter', () => entered.promise);
    const answers = ['joinOrder', 'leaveOrder'].map((name) => client.emitWithAck(name, { orderId }));
    await allToArrive(client);
    entered.resolve();
    await Promise.all(answers);
    const typing = await client.emitWithAck('typing', { orderId, typing: true });
    expect(typing).toMatchObject({ ok: false, code: 'NOT_FOUND' });
  });

  it('goes on behind what was refused', async () => {
    const client = await connected();
    door.services.refuse('chat.enter', 'NOT_FOUND');
    const answers = ['joinOrder', 'leaveOrder'].map((name) => client.emitWithAck(name, { orderId }));
    expect(await Promise.all(answers)).toMatchObject([{ ok: false, code: 'NOT_FOUND' }, { ok: true }]);
  });
});

it('a length that is no number is refused like any other nonsense', async () => {
  const { client } = connect(ADA, ['websocket']);
  const message = { orderId: AN_ID, content: { length: { toString: 1 } } };
  expect(await client.emitWithAck('sendMessage', message)).toMatchObject({
    ok: false,
    code: 'VALIDATION_FAILED',
  });
});

it('thousands of fields that nobody knows are refused in few words', async () => {
  const { client } = connect(ADA, ['websocket']);
  for (const junk of [
    Buffer.alloc(60_000),
    Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [i, 1])),
  ]) {
    const answer = await client.emitWithAck('joinOrder', junk);
    expect(answer).toMatchObject({ ok: false, code: 'VALIDATION_FAILED' });
    expect(JSON.stringify(answer).length).toBeLessThan(3000);
  }
});

describe('what another gateway has done counts here at once, not only when the session is next asked about', () => {
  const { userId, sessionId } = ADA;
  it.each([
    { contract: SessionEnded, data: { userId, sessionId, reason: 'logout' } },
    { contract: UserDeleted, data: { userId } },
    { contract: UserUpdated, data: { userId, role: 'admin', changed: ['role'] } },
  ])('$contract.type', async ({ contract, data }) => {
    const broker = new LocalBroker();
    const here = await startGateway({}, (app, config) => serveRealtime(app, broker, config));
    const orders = async () =>
      (await here.send({ url: '/api/orders', headers: here.bearer(ADA) })).statusCode;
    expect(await orders()).toBe(200);
    here.services.endSession(sessionId);
    await broker.publish('auth', [anEvent(contract, data)]);
    await eventually(async () => expect(await orders()).toBe(401), 2000);
    await here.close();
  });

  const anEvent = ({ type, version }: EventContract, data: unknown): EventMessage => ({
    id: randomUUID(),
    type,
    version,
    data,
    aggregate: { type: 'user', id: userId, version: 2 },
    actor: GUEST,
    correlationId: 'c-1',
    causationId: null,
    occurredAt: new Date(),
  });
});
