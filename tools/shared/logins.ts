import { SERVERS } from './servers.ts';

const WITHIN_MS = 5_000;

const LOGINS: Record<keyof typeof SERVERS, (url: string) => Promise<unknown>> = {
  postgres: logIntoPostgres,
  rabbitmq: logIntoRabbitmq,
  redis: logIntoRedis,
};

/** What a server that answers says to our login; undefined when it lets us in. */
export function refusalOf(name: keyof typeof SERVERS): Promise<string | undefined> {
  return Promise.race([
    LOGINS[name](SERVERS[name].url).then(
      () => undefined,
      ({ message }: Error) => message.replace(/\.$/, ''),
    ),
    new Promise<string>((resolve) => setTimeout(resolve, WITHIN_MS, 'it says nothing').unref()),
  ]);
}

async function logIntoPostgres(url: string): Promise<void> {
  const { isDatabaseMissing, withClient } = await import('@order-system/prisma/migrate');
  await withClient(url, async () => undefined).catch((error: unknown) => {
    // It is made later.
    if (!isDatabaseMissing(error)) throw error;
  });
}

async function logIntoRabbitmq(url: string): Promise<void> {
  const { connect } = await import('amqplib');
  const connection = await connect(url, { timeout: WITHIN_MS }).catch((error: Error) => {
    // It only hangs up.
    if (!error.message.includes('ConnectionClose')) throw error;
    throw new Error('there is no such virtual host, or it is not for this user');
  });
  await connection.close();
}

async function logIntoRedis(url: string): Promise<void> {
  const { Redis } = await import('ioredis');
  const redis = new Redis(url, { retryStrategy: () => null });
  try {
    await new Promise<void>((resolve, reject) => {
      // The calls' own errors only say that there is no connection.
      redis.once('error', reject).on('error', () => undefined);
      redis.ping().then(() => resolve(), reject);
    });
  } finally {
    redis.disconnect();
  }
}
