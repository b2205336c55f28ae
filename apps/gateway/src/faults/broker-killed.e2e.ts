import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '@order-system/messaging/testing/eventually';
import { withClient } from '@order-system/prisma/migrate';
import { type Platform, startPlatform } from '@order-system/testing/platform';
import { type PrivateServers, startServers } from '@order-system/testing/servers';
import { Shopper } from '@order-system/testing/shopper';
import { io } from 'socket.io-client';
import { PREFETCH } from '../realtime/push-listener.js';

/** Orders that nobody pays are cancelled without a word through the gateway. */
const SETTINGS = { ORDER_PAYMENT_WINDOW: '15s', THROTTLE_LIMIT: '1000000', LOG_LEVEL: 'warn' };
/** Together they have more to tell than a gateway takes at once: the rest is in its queue only. */
const ORDERS = 60;

let servers: PrivateServers;
let platform: Platform;
beforeAll(async () => {
  servers = await startServers();
  const env = { ...SETTINGS, AMQP_URL: servers.rabbitmq.url, REDIS_URL: servers.redis.url };
  platform = await startPlatform({ topology: 'distributed', server: servers.postgres.url, env });
}, 120_000);
afterAll(async () => {
  try {
    await platform?.stop();
  } finally {
    await servers?.stop();
  }
});

const areCancelled = (orderIds: readonly string[]) =>
  eventually(
    () =>
      withClient(platform.databaseUrl, async (client) => {
        const cancelled = `SELECT FROM orders."order" WHERE id = ANY($1) AND status = 'CANCELLED'`;
        expect((await client.query(cancelled, [orderIds])).rowCount).toBe(orderIds.length);
      }),
    45_000,
  );

const pushesWait = () =>
  eventually(async () => {
    const queues = await servers.rabbitmqctl('list_queues', '--quiet', 'name', 'messages');
    const [, waiting] = /gateway\.pushes\S*\t(\d+)/.exec(queues) ?? [];
    expect(Number(waiting)).toBeGreaterThan(PREFETCH);
  }, 30_000);

it('tells a connected customer once what happened while the gateway stood still and the broker was killed', async () => {
  const shopper = await new Shopper(platform.url).signUp();
  const told: string[] = [];
  const drops: string[] = [];
  const socket = io(platform.url, { transports: ['websocket'], auth: { token: shopper.token } });
  socket.on('orderUpdate', ({ orderId }: { orderId: string }) => told.push(orderId));
  socket.on('disconnect', (why) => drops.push(why));
  try {
    await eventually(() => expect(socket.connected).toBe(true));
    const products = await shopper.productIds();
    const place = (index: number) =>
      shopper.place({ items: [{ productId: products[index % products.length], quantity: 1 }] });
    const orders = await Promise.all(Array.from({ length: ORDERS }, (_, index) => place(index)));
    const ids = orders.map(({ id }) => id).sort();
    const gateway = platform.pids()['gateway']!;
    process.kill(gateway, 'SIGSTOP');
    try {
      await areCancelled(ids);
      await pushesWait();
      await servers.rabbitmq.kill();
      await servers.rabbitmq.start();
    } finally {
      process.kill(gateway, 'SIGCONT');
    }
    await eventually(() => expect([...told].sort()).toEqual(ids), 30_000);
    expect(drops).toEqual([]);
  } finally {
    socket.disconnect();
  }
}, 180_000);
