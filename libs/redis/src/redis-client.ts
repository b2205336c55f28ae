import { logger } from '@order-system/observability/logger';
import { Redis } from 'ioredis';

const log = logger('redis');
const COMMAND_MS = 1000;
const CONNECT_MS = 2000;
const MOST_BETWEEN_TRIES_MS = 2000;

/**
 * A client that never keeps its caller waiting: a command fails after a second, and at once while there is no
 * connection. It reconnects for ever. `name` shows in Redis's client list.
 */
export function createRedis(url: string, name: string): Redis {
  const client = new Redis(url, {
    connectionName: name,
    commandTimeout: COMMAND_MS,
    connectTimeout: CONNECT_MS,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    autoResendUnfulfilledCommands: false,
    enableAutoPipelining: true,
    retryStrategy: (tries) => Math.min(100 * 2 ** Math.min(tries, 5), MOST_BETWEEN_TRIES_MS),
  });
  let isDown = false;
  // Without a listener ioredis prints each failed attempt; one line per outage is enough.
  client.on('error', (err: Error) => {
    if (!isDown) log.warn({ err }, 'Redis is not reachable');
    isDown = true;
  });
  client.on('ready', () => {
    if (isDown) log.info('Redis is back');
    isDown = false;
  });
  return client;
}

/** A connection for subscriptions: it takes them up again by itself after an outage. */
export function createSubscriber(client: Redis): Redis {
  const subscriber = client.duplicate({
    enableOfflineQueue: true,
    maxRetriesPerRequest: null,
    commandTimeout: undefined,
  });
  // The client it was made from reports the outage.
  subscriber.on('error', () => undefined);
  return subscriber;
}

/** Waits until the client is connected, at most `ms`; false when it is not by then. */
export async function whenConnected(client: Redis, ms: number): Promise<boolean> {
  if (client.status === 'ready') return true;
  return new Promise((resolve) => {
    const done = (isReady: boolean) => {
      clearTimeout(timer);
      client.off('ready', ready);
      resolve(isReady);
    };
    const ready = () => done(true);
    const timer = setTimeout(() => done(false), ms);
    client.on('ready', ready);
  });
}
