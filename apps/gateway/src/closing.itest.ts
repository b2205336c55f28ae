import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { expect, it } from '@jest/globals';
import { eventually } from '@order-system/messaging/testing/eventually';
import { startGateway } from './gateway.fixture.js';

const REQUEST = 'GET /api/categories HTTP/1.1\r\nHost: localhost\r\n\r\n';

it('a request that comes while the gateway ends, on a connection with others under way, is answered as any other', async () => {
  const gateway = await startGateway();
  const held = Promise.withResolvers<void>();
  gateway.services.answer('catalog.categories', async () => {
    await held.promise;
    return { categories: [] };
  });
  await gateway.app.listen(0, '127.0.0.1');
  const { port } = gateway.app.getHttpServer().address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  let answers = '';
  socket.on('data', (chunk) => (answers += chunk.toString()));
  const { asked } = gateway.services;
  socket.write(REQUEST);
  await eventually(() => expect(asked).toHaveLength(1));
  const closed = gateway.close();
  await eventually(() => expect(gateway.app.getHttpServer().listening).toBe(false));
  socket.write(REQUEST);
  await eventually(() => expect(asked).toHaveLength(2));
  held.resolve();
  await Promise.all([closed, once(socket, 'close')]);
  expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200']);
});
