import { join } from 'node:path';
import { SERVICES } from '../../libs/contracts/src/services.ts';
import { fail } from '../shared/console.ts';
import { freePort, refusalOfPort } from '../shared/ports.ts';
import { SERVERS } from '../shared/servers.ts';
import type { ServicePlan } from './service.ts';
import type { Topology } from './topology.ts';

/** One process each when distributed; the door comes first. */
export const APPS: readonly string[] = ['gateway', ...SERVICES];

export const adminEmail = (): string => process.env['ADMIN_EMAIL'] || 'admin@example.com';

interface Surroundings {
  readonly topology: Topology;
  readonly databaseUrl: string;
  readonly dataDir: string;
  readonly secrets: Readonly<Record<string, string>>;
  /** The app that a debugger may attach to. */
  readonly inspect?: string;
}

/** The processes of a topology, each with its ports and environment. The gateway, or the host of all, comes first. */
export async function planServices(around: Surroundings): Promise<ServicePlan[]> {
  const isAnyPortRight = Number(process.env['PORT'] || NaN) === 0;
  const port = await portOf('PORT', 3_000);
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    ...around.secrets,
    TOPOLOGY: around.topology,
    DATABASE_URL: around.databaseUrl,
    DATA_DIR: around.dataDir,
    PORT: String(port),
    ADMIN_EMAIL: adminEmail(),
    // Loading the code is most of what a service does until it is ready.
    NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] || join(around.dataDir, 'compile-cache'),
  };
  if (around.topology === 'distributed') {
    env['AMQP_URL'] = SERVERS.rabbitmq.url;
    env['REDIS_URL'] = SERVERS.redis.url;
  }
  const door = around.topology === 'embedded' ? 'embedded' : 'gateway';
  const apps = appsOf(around.topology);
  const plans: ServicePlan[] = [];
  for (const app of apps) {
    const usual = isAnyPortRight ? somewhere() : app === 'gateway' ? 3_020 : 3_001;
    const healthPort = await (app === door
      ? portOf('HEALTH_PORT', usual)
      : freePort(Number(process.env['HEALTH_PORT']) || usual));
    plans.push({
      name: app,
      app,
      port: app === door ? port : undefined,
      healthPort,
      env: { ...env, HEALTH_PORT: String(healthPort) },
      isInspected: app === around.inspect,
    });
  }
  return plans;
}

type Variable = 'PORT' | 'HEALTH_PORT';

/** The one that is wanted and no other; where none is, the first that is free. */
async function portOf(variable: Variable, usual: number): Promise<number> {
  const wanted = await wantedPort(variable);
  if (wanted === undefined) return freePort(usual);
  return freePort(wanted || somewhere());
}

async function wantedPort(variable: Variable): Promise<number | undefined> {
  const wanted = process.env[variable];
  if (!wanted) return undefined;
  const port = Number(wanted);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    fail(`${variable} is "${wanted}", which is no port. Remedy: ${variable}= and a number up to 65535`);
  const refusal = port === 0 ? undefined : await refusalOfPort(port);
  if (refusal !== undefined) fail(whyNot(variable, port, refusal));
  return port;
}

export function whyNot(variable: Variable, port: number, refusal: string): string {
  if (refusal === 'EADDRINUSE') return `Port ${port} is taken. Remedy: ${variable}=${port + 1} npm start`;
  // Those below 1024 are for root on many systems; some keep others, too.
  return `This user may not listen on port ${port} (${refusal}). Remedy: ${variable}= and a number above 1023`;
}

/** What is wanted and cannot be is said before anything is made. */
export async function refuseWishes({
  topology,
  inspect,
}: Pick<Surroundings, 'topology' | 'inspect'>): Promise<void> {
  await wantedPort('PORT');
  await wantedPort('HEALTH_PORT');
  const apps = appsOf(topology);
  if (inspect !== undefined && !apps.includes(inspect))
    fail(`No process is for "${inspect}" alone. Remedy: --inspect and one of ${apps.join(', ')}`);
}

const appsOf = (topology: Topology): readonly string[] => (topology === 'embedded' ? ['embedded'] : APPS);

/**
 * Where no other system looks first: of two that begin at one number, one takes the port that a service of the
 * other leaves for a moment when it dies. Below the ports that systems give to outgoing connections.
 */
const somewhere = (): number => 10_000 + Math.floor(Math.random() * 20_000);
