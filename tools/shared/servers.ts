import { connect } from 'node:net';

/** The servers of the distributed topology; the defaults are those of docker-compose.yml. */
export const SERVERS = {
  postgres: {
    name: 'PostgreSQL',
    variable: 'DATABASE_URL',
    url: process.env['DATABASE_URL'] || 'postgresql://postgres:postgres@localhost:5432/order_system',
    remedy: 'docker compose up -d postgres',
  },
  rabbitmq: {
    name: 'RabbitMQ',
    variable: 'AMQP_URL',
    url: process.env['AMQP_URL'] || 'amqp://guest:guest@localhost:5672',
    remedy: 'docker compose up -d rabbitmq',
  },
  redis: {
    name: 'Redis',
    variable: 'REDIS_URL',
    url: process.env['REDIS_URL'] || 'redis://localhost:6379',
    remedy: 'docker compose up -d redis',
  },
} as const;

const DEFAULT_PORTS: Record<string, number> = {
  'postgresql:': 5432,
  'postgres:': 5432,
  'amqp:': 5672,
  'amqps:': 5671,
  'redis:': 6379,
  'rediss:': 6379,
};

/** Whether something accepts a connection at the URL's host and port within a second. */
export function isReachable(url: string): Promise<boolean> {
  const { hostname, port, protocol } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({
      host: hostname,
      port: Number(port) || (DEFAULT_PORTS[protocol] ?? 0),
      timeout: 1_000,
    });
    const answer = (reachable: boolean) => {
      socket.destroy();
      resolve(reachable);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
    socket.once('timeout', () => answer(false));
  });
}

/** The servers that do not answer. */
export async function missingServers(): Promise<(typeof SERVERS)[keyof typeof SERVERS][]> {
  const all = Object.values(SERVERS);
  const reachable = await Promise.all(all.map((server) => isReachable(server.url)));
  return all.filter((_, i) => !reachable[i]);
}
