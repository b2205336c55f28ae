import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@order-system/messaging/testing/eventually';
import { type Proxy, startProxy } from './proxy.js';

const HOST = '127.0.0.1';

/** Says back what it hears. */
let echo: Server;
let heardByServer: Client[];
let proxy: Proxy;
let open: Client[];

/** A socket, and what became of it. */
class Client {
  heard = '';
  ended = false;
  error: string | undefined;

  constructor(readonly socket: Socket) {
    open.push(this);
    socket.on('data', (chunk: Buffer) => (this.heard += chunk.toString()));
    socket.on('end', () => (this.ended = true));
    socket.on('error', (error: NodeJS.ErrnoException) => (this.error = error.code));
  }

  say(text: string): this {
    this.socket.write(text);
    return this;
  }

  hears(text: string): Promise<void> {
    return eventually(() => expect(this.heard).toBe(text));
  }
}

const dial = (): Client => new Client(connect(proxy.port, HOST));

/** A connection that works. */
async function connected(): Promise<Client> {
  const client = dial().say('hello');
  await client.hears('hello');
  return client;
}

/** Longer than anything takes that is not held back. */
const aMoment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 150));

beforeEach(async () => {
  open = [];
  heardByServer = [];
  echo = createServer((socket) => {
    heardByServer.push(new Client(socket));
    socket.pipe(socket);
  });
  echo.listen(0, HOST);
  await once(echo, 'listening');
  proxy = await startProxy({ target: { host: HOST, port: (echo.address() as AddressInfo).port } });
});

afterEach(async () => {
  for (const { socket } of open) socket.destroy();
  await proxy.stop();
  await new Promise((resolve) => echo.close(resolve));
});

describe('a proxy', () => {
  it('passes all bytes on, and the end', async () => {
    const client = dial();
    const much = 'x'.repeat(5_000_000);
    client.say(much).socket.end();
    await eventually(() => expect(client.heard.length).toBe(much.length));
    await eventually(() => expect(client.ended).toBe(true));
    expect(client.error).toBeUndefined();
  });

  it('refuses new connections and leaves the open ones alone', async () => {
    const before = await connected();
    await proxy.refuse();
    const after = dial();
    await eventually(() => expect(after.error).toBe('ECONNREFUSED'));
    await before.say('!').hears('hello!');
    await proxy.pass();
    await connected();
  });

  it('resets the open connections, on both sides', async () => {
    const before = await connected();
    proxy.reset();
    await eventually(() => expect(before.error).toBe('ECONNRESET'));
    await eventually(() => expect(heardByServer[0]!.error).toBe('ECONNRESET'));
    await connected();
  });

  it('lets nothing through a black hole, and delivers what was held when it is gone', async () => {
    const before = await connected();
    await proxy.blackhole();
    before.say(' again');
    const meanwhile = dial().say('late');
    await once(meanwhile.socket, 'connect');
    await aMoment();
    expect([before.heard, before.error, meanwhile.heard, meanwhile.error]).toEqual([
      'hello',
      undefined,
      '',
      undefined,
    ]);
    expect(heardByServer.map(({ heard }) => heard)).toEqual(['hello']);
    await proxy.pass();
    await before.hears('hello again');
    await meanwhile.hears('late');
  });

  it('delays both directions and keeps the order', async () => {
    const client = await connected();
    await proxy.latency(100);
    const from = performance.now();
    client.say('1');
    await aMoment();
    client.say('2');
    await client.hears('hello12');
    // Each timer may be early by two milliseconds.
    expect(performance.now() - from).toBeGreaterThanOrEqual(98 + 98 + 98);
    await proxy.pass();
    await client.say('3').hears('hello123');
  });

  it('cuts a connection after so many bytes of the answer', async () => {
    await proxy.cutAfter(3);
    const client = dial().say('hello');
    await eventually(() => expect(client.error).toBe('ECONNRESET'));
    expect('hel'.startsWith(client.heard)).toBe(true);
    expect(heardByServer[0]!.heard).toBe('hello');
    await proxy.pass();
    await connected();
  });

  it('leaves a client connected to nobody, and new ones to the target', async () => {
    const before = await connected();
    proxy.halfOpen();
    await eventually(() => expect(heardByServer[0]!.ended).toBe(true));
    before.say(' anybody there?');
    await aMoment();
    expect([before.heard, before.ended, before.error]).toEqual(['hello', false, undefined]);
    await connected();
  });

  it('resets a client whose target does not listen', async () => {
    await new Promise((resolve) => echo.close(resolve));
    const client = dial();
    await eventually(() => expect(client.error).toBe('ECONNRESET'));
    echo.listen(0, HOST);
    await once(echo, 'listening');
  });

  it('leads to another target, and resets those who are with the first', async () => {
    const before = await connected();
    const other = createServer((socket) => socket.end('other'));
    other.listen(0, HOST);
    await once(other, 'listening');
    proxy.aim({ host: HOST, port: (other.address() as AddressInfo).port });
    await eventually(() => expect(before.error).toBe('ECONNRESET'));
    await dial().hears('other');
    other.close();
  });

  it('stops with connections open', async () => {
    const client = await connected();
    await proxy.stop();
    await eventually(() => expect(client.error).toBe('ECONNRESET'));
    const after = dial();
    await eventually(() => expect(after.error).toBe('ECONNREFUSED'));
  });
});
