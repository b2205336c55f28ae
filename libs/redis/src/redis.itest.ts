import { randomUUID } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { redisBlock, redisUrl } from '@order-system/config/blocks';
import { readConfig } from '@order-system/config/config';
import { eventually } from '@order-system/messaging/testing/eventually';
import type { Redis } from 'ioredis';
import { RedisCache } from './cache.js';
import { createRedis, whenConnected } from './redis-client.js';
import { RedisRateLimits } from './rate-limits.js';

const clients: Redis[] = [];
afterEach(() => clients.splice(0).forEach((client) => client.disconnect()));

async function connect(url = redisUrl(readConfig(redisBlock))): Promise<Redis> {
  const client = createRedis(url, 'test');
  clients.push(client);
  await whenConnected(client, 1000);
  return client;
}

/** Accepts connections and never says a word. */
async function frozenServer(): Promise<{ url: string; close: () => void }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const close = () => {
    sockets.forEach((socket) => socket.destroy());
    server.close();
  };
  return { url: `redis://127.0.0.1:${port}`, close };
}

describe('with Redis', () => {
  it('counts together across processes and tells when the window ends', async () => {
    const key = randomUUID();
    const [a, b] = [await connect(), await connect()].map((client) => new RedisRateLimits(client, 'test:'));
    await Promise.all(Array.from({ length: 10 }, (_, i) => (i % 2 ? a : b)?.increment(key, 5000, 10)));
    const last = await a?.increment(key, 5000, 10);
    expect(last).toMatchObject({ totalHits: 11, isBlocked: true });
    expect(last?.timeToBlockExpire).toBeGreaterThan(0);
  });

  it('lets exactly the limit pass in one process, however many come at once, and asks Redis for many together', async () => {
    const client = await connect();
    const limits = new RedisRateLimits(client, 'test:');
    const key = randomUUID();
    const atOnce = async (requests: number) =>
      (await Promise.all(Array.from({ length: requests }, () => limits.increment(key, 20_000, 1000)))).map(
        (count) => count.totalHits,
      );
    const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);
    const hits = [...(await atOnce(1)), ...(await atOnce(5)), ...(await atOnce(300))];
    expect(hits.sort((a, b) => a - b)).toEqual(upTo(306));
    expect(Number(await client.get(`test:${key}`))).toBeLessThan(306 + 10);
    for (let i = 306; i < 1000; i++) await limits.increment(key, 20_000, 1000);
    expect(await limits.increment(key, 20_000, 1000)).toMatchObject({ totalHits: 1001, isBlocked: true });
  });

  it('never lets more than the limit pass in several processes, nor a hundredth less for each', async () => {
    const key = randomUUID();
    const processes = (await Promise.all([connect(), connect(), connect()])).map(
      (client) => new RedisRateLimits(client, 'test:'),
    );
    const passed = (
      await Promise.all(
        Array.from({ length: 1200 }, (_, i) => processes[(i % 7) % 3]?.increment(key, 20_000, 1000)),
      )
    ).filter((count) => count?.isBlocked === false);
    expect(passed.length).toBeLessThanOrEqual(1000);
    expect(passed.length).toBeGreaterThanOrEqual(1000 - 2 * 10);
  });

  it('gives what it has counted ahead only until the window ends', async () => {
    const limits = new RedisRateLimits(await connect(), 'test:');
    const key = randomUUID();
    const hits: number[] = [];
    await eventually(async () => {
      const { totalHits } = await limits.increment(key, 100, 1600);
      hits.push(totalHits);
      expect(hits.length > 1 && totalHits === 1).toBe(true);
    }, 5000);
    expect(hits[1]).toBe(2);
    // Its share was not used up.
    expect(hits.length).toBeLessThan(16);
  });

  it('counts anew once the window has ended', async () => {
    const limits = new RedisRateLimits(await connect(), 'test:');
    const hit = (key: string) => limits.increment(key, 100, 1);
    const key = randomUUID();
    expect([(await hit(key)).isBlocked, (await hit(key)).isBlocked]).toEqual([false, true]);
    await eventually(
      async () => expect(await hit(key)).toMatchObject({ totalHits: 1, isBlocked: false }),
      5000,
    );
  });

  it('caches, forgets and deletes', async () => {
    const client = await connect();
    const cache = new RedisCache(client, `test:${randomUUID()}:`);
    await cache.set('a', 'one', 60_000);
    expect(await cache.get('a')).toBe('one');
    await cache.delete('a');
    expect(await cache.get('a')).toBeUndefined();
    expect(await client.ping()).toBe('PONG');
  });
});

describe('without Redis', () => {
  it('limits each process by itself, at once', async () => {
    const storage = new RedisRateLimits(await connect('redis://127.0.0.1:1'), 'test:');
    const started = Date.now();
    const counts = [await storage.increment('ip', 5000, 1), await storage.increment('ip', 5000, 1)];
    expect(counts.map((count) => count.isBlocked)).toEqual([false, true]);
    expect(Date.now() - started).toBeLessThan(900);
  });

  it('answers all that wait for the same count', async () => {
    const server = await frozenServer();
    const storage = new RedisRateLimits(await connect(server.url), 'test:');
    const counts = await Promise.all([1, 2, 3].map(() => storage.increment('ip', 5000, 2)));
    expect(counts.map(({ totalHits, isBlocked }) => [totalHits, isBlocked])).toEqual([
      [1, false],
      [2, false],
      [3, true],
    ]);
    server.close();
  });

  it('gives up on a frozen one and does not wait again for every request', async () => {
    const server = await frozenServer();
    const cache = new RedisCache(await connect(server.url), 'test:');
    const started = Date.now();
    for (let i = 0; i < 20; i++) expect(await cache.get('a')).toBeUndefined();
    expect(Date.now() - started).toBeLessThan(2500);
    server.close();
  });
});
