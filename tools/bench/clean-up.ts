import { SERVICES } from '@order-system/contracts/services';
import { deleteTopology } from '@order-system/messaging/testing/delete-topology';
import { withClient, withDatabase } from '@order-system/prisma/migrate';
import { Redis } from 'ioredis';
import { SERVERS } from '../shared/servers.ts';

const LADDER = [5_000, 30_000, 300_000, 1_800_000];

/** Removes what a run has on the three servers. */
export async function cleanUpServers(database: string, namespace: string): Promise<void> {
  const server = withDatabase(SERVERS.postgres.url, 'postgres');
  const consumers = await consumersIn(withDatabase(server, database));
  const broker = { url: SERVERS.rabbitmq.url, namespace, ladder: LADDER, consumers, services: SERVICES };
  await attempt('RabbitMQ', () => deleteTopology(broker));
  await attempt('PostgreSQL', () => dropDatabase(server, database));
  await attempt('Redis', () => deleteKeys(namespace));
}

async function consumersIn(databaseUrl: string): Promise<string[]> {
  try {
    return await withClient(databaseUrl, async (client) => {
      const { rows } = await client.query<{ consumer: string }>(
        'SELECT consumer FROM events.consumer_cursor',
      );
      return rows.map(({ consumer }) => consumer);
    });
  } catch {
    // The run ended before there was a database, so there are no consumers either.
    return [];
  }
}

async function dropDatabase(server: string, database: string): Promise<void> {
  await withClient(server, (client) => client.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`));
}

async function deleteKeys(namespace: string): Promise<void> {
  const redis = new Redis(SERVERS.redis.url, { lazyConnect: true, maxRetriesPerRequest: 1 });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    for (let cursor = '0'; ;) {
      const [next, keys] = await redis.scan(cursor, 'MATCH', `*${namespace}*`, 'COUNT', 1_000);
      if (keys.length > 0) await redis.del(keys);
      if (next === '0') return;
      cursor = next;
    }
  } finally {
    redis.disconnect();
  }
}

async function attempt(server: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    console.error(`${server} still holds things of this run: ${(error as Error).message}`);
  }
}
