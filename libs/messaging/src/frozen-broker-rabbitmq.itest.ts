import { randomUUID } from 'node:crypto';
import { createServer, connect as dial, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { defineCall, defineEvent } from '@order-system/contracts/define';
import { z } from 'zod';
import { consumer, on } from './consumer.js';
import { systemContext } from './context.js';
import { deleteTopology } from './testing/delete-topology.js';
import { eventually } from './testing/eventually.js';
import { rabbitTransport } from './transport.js';

const Counted = defineEvent('test.counted', 1, z.object({ n: z.int() }));
const url = process.env['AMQP_URL'] ?? 'amqp://guest:guest@localhost:5672';
const namespace = `test-${randomUUID().slice(0, 8)}`;
const ladder = [5000];
const counting = consumer('test.counting', [on(Counted, async () => undefined)]);
/** Half of what a process has for its end. */
const PATIENCE_MS = 5000;
/** A command is waited for for 8 s. */
const AT_ONCE_MS = 2000;

const sockets = new Set<Socket>();
let door: Server;
/** A way to the broker that can be made to carry nothing any more. */
beforeAll(async () => {
  const { hostname, port } = new URL(url);
  door = createServer((near) => {
    const far = dial(Number(port || 5672), hostname);
    for (const one of [near, far]) sockets.add(one.on('error', () => undefined));
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  door.close();
  await deleteTopology({ url, namespace, ladder, consumers: [counting.name], services: ['test'] });
});

it('lets go of a broker that says nothing any more, in time', async () => {
  const through = Object.assign(new URL(url), { host: `127.0.0.1:${(door.address() as AddressInfo).port}` });
  const transport = rabbitTransport({ url: String(through), namespace, ladder, service: 'test' });
  const server = transport.rpcServer('test');
  await new Promise((resolve) => void server.listen(resolve));
  const queue = await transport.broker.subscribe(counting, 10, async () => 'done');
  await eventually(() => expect(transport.ready).toBe(true));
  for (const socket of sockets) socket.unpipe().pause();
  const from = performance.now();
  await Promise.all([server.close(), queue.close()]);
  await transport.close();
  expect(performance.now() - from).toBeLessThan(PATIENCE_MS);
});

it('refuses a call at once while there is no broker', async () => {
  const transport = rabbitTransport({ url: 'amqp://127.0.0.1:1', namespace, ladder, service: 'test' });
  const ask = defineCall('test.ask', { kind: 'command', input: z.object({}), output: z.object({}) });
  const from = performance.now();
  await expect(transport.rpc.call(ask, {}, systemContext())).rejects.toMatchObject({
    code: 'SERVICE_UNAVAILABLE',
    detail: expect.stringContaining('cannot be reached'),
  });
  expect(performance.now() - from).toBeLessThan(AT_ONCE_MS);
  await transport.close();
});
