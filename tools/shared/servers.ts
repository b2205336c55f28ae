import { connect } from 'node:net';
import { fail } from './console.ts';

interface Kind {
  readonly name: string;
  readonly variable: string;
  readonly example: string;
  /** Where it listens when its URL names no port, by what its URLs begin with. */
  readonly ports: Readonly<Record<string, number>>;
  readonly remedy: string;
  /** Its URLs have to name something, such as a database. */
  readonly needsPath?: boolean;
  /** Its URL when the variable is not set; the example where there is no other way to say it. */
  readonly inParts?: (env: NodeJS.ProcessEnv) => string;
}

interface Server extends Kind {
  /** Asked for, not kept: what is wrong with it concerns only who uses it. Throws Problem. */
  readonly url: string;
}

const server = (kind: Kind): Server => ({
  ...kind,
  get url() {
    return urlOf(kind, process.env);
  },
});

const REDIS = 'redis://localhost:6379';

/** The servers of the distributed topology; the defaults are those of docker-compose.yml. */
export const SERVERS = {
  postgres: server({
    name: 'PostgreSQL',
    variable: 'DATABASE_URL',
    example: 'postgresql://postgres:postgres@localhost:5432/order_system',
    ports: { 'postgresql:': 5432, 'postgres:': 5432 },
    remedy: 'docker compose up -d postgres',
    needsPath: true,
  }),
  rabbitmq: server({
    name: 'RabbitMQ',
    variable: 'AMQP_URL',
    example: 'amqp://guest:guest@localhost:5672',
    ports: { 'amqp:': 5672, 'amqps:': 5671 },
    remedy: 'docker compose up -d rabbitmq',
  }),
  redis: server({
    name: 'Redis',
    variable: 'REDIS_URL',
    example: REDIS,
    ports: { 'redis:': 6379, 'rediss:': 6379 },
    remedy: 'docker compose up -d redis',
    inParts: redisOf,
  }),
};

/** What is set, else the example. A URL may hold a password, so it is not shown when it is wrong. */
export function urlOf(kind: Kind, env: NodeJS.ProcessEnv): string {
  const { name, variable, example, ports, inParts, needsPath = false } = kind;
  const text = env[variable] || (inParts?.(env) ?? example);
  const url = URL.parse(text);
  const isWhole = !needsPath || (url?.pathname.length ?? 0) > 1;
  if (url !== null && url.protocol in ports && isWhole) return text;
  return fail(`${variable} is no address of ${name}. Remedy: write it like ${example}`);
}

/** As the services put it together from its parts. */
function redisOf(env: NodeJS.ProcessEnv): string {
  const url = new URL(REDIS);
  url.hostname = env['REDIS_HOST'] || url.hostname;
  url.port = env['REDIS_PORT'] || url.port;
  url.password = encodeURIComponent(env['REDIS_PASSWORD'] ?? '');
  url.pathname = env['REDIS_DB'] ?? '';
  return url.href;
}

const PORTS: Readonly<Record<string, number>> = Object.assign(
  {},
  ...Object.values(SERVERS).map(({ ports }) => ports),
);

/** For a socket, which takes the address of IPv6 without its brackets. */
export function placeOf(url: string): { host: string; port: number } {
  const { hostname, port, protocol } = new URL(url);
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port) || (PORTS[protocol] ?? 0) };
}

/** Whether something accepts a connection at the URL's host and port within a second. */
export function isReachable(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ ...placeOf(url), timeout: 1_000 });
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
export async function missingServers(): Promise<Server[]> {
  const all = Object.values(SERVERS);
  const reachable = await Promise.all(all.map(({ url }) => isReachable(url)));
  return all.filter((_, i) => !reachable[i]);
}
