import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { onePacketPerTurn } from './packets.js';

describe('what is written in one turn', () => {
  const received: Promise<Buffer>[] = [];
  const server = createServer((socket) => void received.push(buffer(socket)));
  beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'));
  afterAll(() => void server.close());

  async function connected(): Promise<Socket> {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
    return onePacketPerTurn(socket);
  }

  it('is sent at its end, all at once and in order, also when the socket ends in it', async () => {
    const socket = await connected();
    const sent = jest.spyOn(socket, '_writev' as never);
    for (const statement of ['BEGIN', 'SELECT', 'COMMIT']) {
      socket.cork();
      socket.write(`${statement} `);
      socket.write('sync ');
      socket.uncork();
    }
    expect(sent).not.toHaveBeenCalled();
    socket.end('bye');
    await once(socket, 'close');
    expect((await received.at(-1))?.toString()).toBe('BEGIN sync SELECT sync COMMIT sync bye');
    expect(sent).toHaveBeenCalledTimes(1);
  });

  it('is not held back by what the next turn writes', async () => {
    const socket = await connected();
    const sent = jest.spyOn(socket, '_writev' as never);
    socket.write('a');
    socket.write('b');
    await new Promise(setImmediate);
    expect(sent).toHaveBeenCalledTimes(1);
    socket.write('c');
    socket.write('d');
    await new Promise(setImmediate);
    expect(sent).toHaveBeenCalledTimes(2);
    socket.end();
    await once(socket, 'close');
    expect((await received.at(-1))?.toString()).toBe('abcd');
  });
});
