import { join } from 'node:path';
import { fail } from '../shared/console.ts';
import { freePort, isPortFree } from '../shared/ports.ts';
import { SERVERS } from '../shared/servers.ts';
import type { ServicePlan } from './service.ts';
import type { Topology } from './topology.ts';

/** One process each when distributed; the door comes first. */
export const APPS = [
  'gateway',
  'auth',
  'catalog',
  'basket',
  'orders',
  'payments',
  'chat',
  'notifications',
  'events',
];

export interface Surroundings {
  readonly topology: Topology;
  readonly databaseUrl: string;
  readonly dataDir: string;
  readonly secrets: Readonly<Record<string, string>>;
}

/** The processes of a topology, each with its ports and environment. The gateway, or the host of all, comes first. */
export async function planServices(around: Surroundings): Promise<ServicePlan[]> {
  const port = await gatewayPort();
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    ...around.secrets,
    TOPOLOGY: around.topology,
    DATABASE_URL: around.databaseUrl,
    DATA_DIR: around.dataDir,
    PORT: String(port),
    ADMIN_EMAIL: process.env['ADMIN_EMAIL'] || 'admin@example.com',
    // Loading the code is most of what a service does until it is ready.
    NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] || join(around.dataDir, 'compile-cache'),
  };
  if (around.topology === 'distributed') {
    env['AMQP_URL'] = SERVERS.rabbitmq.url;
    env['REDIS_URL'] = SERVERS.redis.url;
  }
  const door = around.topology === 'embedded' ? 'embedded' : 'gateway';
  const apps = around.topology === 'embedded' ? ['embedded'] : APPS;
  const plans: ServicePlan[] = [];
  const isAnyPortRight = Number(process.env['PORT'] || NaN) === 0;
  for (const app of apps) {
    const healthPort = await freePort(isAnyPortRight ? somewhere() : app === 'gateway' ? 3_020 : 3_001);
    plans.push({
      name: app,
      app,
      healthPort,
      port: app === door ? port : healthPort,
      env: { ...env, HEALTH_PORT: String(healthPort) },
    });
  }
  return plans;
}

async function gatewayPort(): Promise<number> {
  const wanted = process.env['PORT'];
  if (!wanted) return freePort(3_000);
  const port = Number(wanted);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) fail(`PORT is "${wanted}", which is no port.`);
  if (port === 0) return freePort(somewhere());
  if (!(await isPortFree(port))) fail(`Port ${port} is taken. Remedy: PORT=${port + 1} npm start`);
  return freePort(port);
}

/**
 * Where no other system looks first: of two that begin at one number, one takes the port that a service of the
 * other leaves for a moment when it dies. Below the ports that systems give to outgoing connections.
 */
const somewhere = (): number => 10_000 + Math.floor(Math.random() * 20_000);
