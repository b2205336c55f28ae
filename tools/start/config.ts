import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ZodObject } from 'zod';
import { fail, ROOT } from '../shared/console.ts';
import { APPS } from './plan.ts';
import type { Topology } from './topology.ts';

/** Of this start's own, in development. */
const MADE_LATER = { JWT_SECRET: 'made later', SANDBOX_WEBHOOK_SECRET: 'made later' };

/** Says all that any of the processes would refuse in its configuration, before anything is made. */
export async function refuseConfig(topology: Topology): Promise<void> {
  const { ConfigError, readConfig } = await import('@order-system/config/config');
  const env = environment(topology);
  const problems = new Set<string>();
  for (const block of await blocks(topology)) {
    try {
      readConfig(block, env);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const problem of error.problems) problems.add(problem);
    }
  }
  if (problems.size > 0) fail(new ConfigError([...problems]).message);
}

function environment(topology: Topology): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, TOPOLOGY: topology };
  if (topology === 'embedded') delete env['DATABASE_URL'];
  if (isProduction()) return env;
  const missing = Object.entries(MADE_LATER).filter(([name]) => !env[name]);
  return { ...env, ...Object.fromEntries(missing) };
}

const isProduction = (): boolean => process.env['NODE_ENV'] === 'production';

async function blocks(topology: Topology): Promise<ZodObject[]> {
  const { redisBlock } = await import('@order-system/config/blocks');
  const { hostBlock } = await import('@order-system/service-host/host.config');
  return [
    ...(isProduction() ? [await adminBlock()] : []),
    hostBlock,
    ...(topology === 'distributed' ? [redisBlock] : []),
    ...(await Promise.all(APPS.map(blocksOf))).flat(),
  ];
}

/** Those that the app's `<app>.config.ts` exports, when it has one. */
async function blocksOf(app: string): Promise<ZodObject[]> {
  if (!existsSync(join(ROOT, `apps/${app}/src/${app}.config.ts`))) return [];
  const { z } = await import('zod');
  const exported: unknown[] = Object.values(await import(`@order-system/${app}-app/${app}.config`));
  return exported.filter((one) => one instanceof z.ZodObject);
}

/** Everybody can reach the first administrator's login. */
async function adminBlock(): Promise<ZodObject> {
  const { z } = await import('zod');
  return z.object({
    ADMIN_PASSWORD: z
      .string('set it to at least 12 characters')
      .min(12, 'must have at least 12 characters')
      .refine((text) => !/^(password|admin|change[-_ ]?me)/i.test(text), 'is one that everybody knows'),
  });
}
