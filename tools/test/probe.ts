// Ends with 0 when a server does its work: node probe.ts rabbitmq amqp://... Whoever starts it limits its time.
import { Redis } from 'ioredis';
import { askRabbitmq } from '@order-system/messaging/testing/ask-rabbitmq';
import { withClient, withDatabase } from '@order-system/prisma/migrate';
import { fail, run } from '../shared/console.ts';
import type { SERVERS } from '../shared/servers.ts';

const KEY = `${process.env['MESSAGING_NAMESPACE'] ?? 'test'}.probe`;

const PROBES: Record<keyof typeof SERVERS, (url: string) => Promise<unknown>> = {
  postgres: (url) => withClient(withDatabase(url, 'postgres'), (client) => client.query('SELECT 1')),
  rabbitmq: (url) => askRabbitmq(url, KEY),
  redis: askRedis,
};

async function askRedis(url: string): Promise<void> {
  const redis = new Redis(url, { maxRetriesPerRequest: 0 });
  await new Promise<void>((resolve, reject) => {
    // The call's own error only says that there is no connection.
    redis.once('error', reject).on('error', () => undefined);
    redis.set(KEY, '?', 'EX', 1).then(() => resolve(), reject);
  });
  await redis.quit();
}

await run(async () => {
  const [name = '', url = ''] = process.argv.slice(2);
  try {
    await PROBES[name as keyof typeof SERVERS](url);
  } catch (error) {
    fail((error as Error).message);
  }
});
