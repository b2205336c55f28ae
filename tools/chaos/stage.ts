import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { type Platform, startPlatform } from '@order-system/testing/platform';
import { type Proxy, startProxy } from '@order-system/testing/proxy';
import { type PrivateServers, startServers } from '@order-system/testing/servers';
import { TestSmtp } from '@order-system/testing/test-smtp';
import { Pool } from 'pg';
import type { Dependency } from './fault.ts';
import { placeOf } from '../shared/servers.ts';

/** Leases, ladders and windows are shorter than in earnest, so that what they are for happens within a fault. */
const SETTINGS = {
  THROTTLE_LIMIT: '1000000000',
  AUTH_THROTTLE_LIMIT: '1000000000',
  SOCKET_RATE_LIMIT: '1000000',
  RETRY_LADDER: '1s, 2s, 4s, 8s, 16s',
  MAIL_RETRY_LADDER: '1s, 2s, 4s, 8s, 16s, 32s',
  CATCH_UP_EVERY: '10s',
  ORDER_PAYMENT_WINDOW: '20s',
  STOCK_HOLD: '30s',
  AWAY_AFTER: '3s',
  ACCESS_TOKEN_TTL: '1d',
  PASSWORD_COST: '10',
  LOG_LEVEL: 'warn',
};
/** Until the gateway's address is known. */
const NOBODY = { host: '127.0.0.1', port: 9 };

/** The whole distributed system, on servers of its own, with somebody standing between it and each of them. */
export interface Stage {
  readonly servers: PrivateServers;
  readonly proxies: Record<Dependency, Proxy>;
  readonly smtp: TestSmtp;
  readonly platform: Platform;
  readonly databaseUrl: string;
  readonly db: Pool;
  readonly admin: { readonly email: string; readonly password: string };
  readonly secrets: { readonly webhook: string };
  /** What oracles have found so far: each finding is that of one fault. */
  readonly known: Set<string>;
  /** Of the servers. */
  versions(): Promise<string>;
  /** Ends everything and removes its data. */
  stop(): Promise<void>;
}

type Undo = (() => Promise<unknown>)[];

export async function setStage(): Promise<Stage> {
  const undo: Undo = [];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step().catch(console.error);
  };
  try {
    const servers = await startServers();
    undo.push(() => servers.stop());
    const smtp = await new TestSmtp().start();
    undo.push(() => smtp.stop());
    const proxies = await startProxies(servers, smtp, undo);
    const admin = { email: 'admin@example.com', password: `Aa1${randomBytes(12).toString('hex')}` };
    const secrets = { webhook: randomBytes(36).toString('base64url') };
    const platform = await startPlatform({
      topology: 'distributed',
      server: through(servers.postgres.url, proxies.postgres),
      env: {
        ...SETTINGS,
        AMQP_URL: through(servers.rabbitmq.url, proxies.rabbitmq),
        REDIS_URL: through(servers.redis.url, proxies.redis),
        SMTP_URL: through(smtp.url, proxies.smtp),
        GATEWAY_URL: `http://127.0.0.1:${proxies.webhook.port}`,
        ADMIN_EMAIL: admin.email,
        ADMIN_PASSWORD: admin.password,
        SANDBOX_WEBHOOK_SECRET: secrets.webhook,
      },
    });
    undo.push(() => platform.stop());
    // Events from before their first consumer had a queue; it found them in the table.
    await servers.rabbitmqctl('-q', 'purge_queue', `${platform.broker.namespace}.unrouted`);
    proxies.webhook.aim({ host: '127.0.0.1', port: Number(new URL(platform.url).port) });
    const databaseUrl = direct(platform.databaseUrl, servers.postgres.url);
    const db = openPool(databaseUrl);
    undo.push(() => db.end());
    return {
      servers,
      proxies,
      smtp,
      platform,
      databaseUrl,
      db,
      admin,
      secrets,
      known: new Set(),
      versions: () => versionsOf(servers, db),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startProxies(servers: PrivateServers, smtp: TestSmtp, undo: Undo): Promise<Stage['proxies']> {
  const before = async (target: typeof NOBODY) => {
    const proxy = await startProxy({ target });
    undo.push(() => proxy.stop());
    return proxy;
  };
  return {
    postgres: await before(placeOf(servers.postgres.url)),
    rabbitmq: await before(placeOf(servers.rabbitmq.url)),
    redis: await before(placeOf(servers.redis.url)),
    smtp: await before(placeOf(smtp.url)),
    webhook: await before(NOBODY),
  };
}

async function versionsOf(servers: PrivateServers, db: Pool): Promise<string> {
  const { rows } = await db.query<{ server_version: string }>('SHOW server_version');
  const rabbitmq = (await servers.rabbitmqctl('version')).trim();
  const said = execFileSync('redis-server', ['--version'], { encoding: 'utf8' });
  return `PostgreSQL ${rows[0]?.server_version}, RabbitMQ ${rabbitmq}, Redis ${/v=(\S+)/.exec(said)?.[1]}`;
}

function through(url: string, proxy: Proxy): string {
  const changed = new URL(url);
  changed.port = String(proxy.port);
  return changed.href;
}

function direct(url: string, server: string): string {
  const changed = new URL(url);
  changed.port = new URL(server).port;
  return changed.href;
}

function openPool(connectionString: string): Pool {
  const pool = new Pool({
    connectionString,
    application_name: 'chaos',
    max: 4,
    connectionTimeoutMillis: 5_000,
    query_timeout: 30_000,
  });
  // A server that is killed meanwhile is part of the test.
  pool.on('error', () => undefined);
  return pool;
}
