import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { TurnSocket } from './turn-socket.js';

describe('what is written in one turn', () => {
  const received: Promise<Buffer>[] = [];
  const server = createServer((socket) => void received.push(buffer(socket)));
  beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'));
  afterAll(() => void server.close());

  it('is sent at its end, all at once and in order, also when the socket ends in it', async () => {
    const socket = new TurnSocket().connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
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
    expect((await received[0])?.toString()).toBe('BEGIN sync SELECT sync COMMIT sync bye');
    expect(sent).toHaveBeenCalledTimes(1);
  });
});
