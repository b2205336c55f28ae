import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../shared/embedded-postgres.ts';
import { SERVERS } from '../shared/servers.ts';

type Name = keyof typeof SERVERS;

/** What the integration tests and the distributed end-to-end tests run on. */
export interface TestServers {
  /** Tells a test where they are. */
  readonly env: Readonly<Record<string, string>>;
  /** What there is none of; never PostgreSQL. */
  readonly missing: readonly (typeof SERVERS)[Name][];
  /** Ends those that were started for the tests. */
  stop(): Promise<void>;
}

const PROBE = join(import.meta.dirname, 'probe.ts');
const PROBE_MS = 15_000;

/**
 * The servers at DATABASE_URL, AMQP_URL and REDIS_URL when each of them does its work, else the run's own where their
 * programs are installed. A server that accepts connections and no more would let every test wait until its time is up.
 */
export async function openServers(): Promise<TestServers> {
  const names = Object.keys(SERVERS) as Name[];
  const broken = names.filter((name) => !works(name));
  const env = Object.fromEntries(names.map((name) => [SERVERS[name].variable, SERVERS[name].url]));
  if (broken.length === 0) return { env, missing: [], stop: async () => undefined };

  const { missingPrograms, startServers } = await import('@order-system/testing/servers');
  if (missingPrograms().length === 0) {
    console.log('The tests run on servers of their own.');
    const { postgres, rabbitmq, redis, stop } = await startServers();
    const own = { DATABASE_URL: postgres.url, AMQP_URL: rabbitmq.url, REDIS_URL: redis.url };
    return { env: own, missing: [], stop };
  }
  const missing = broken.filter((name) => name !== 'postgres').map((name) => SERVERS[name]);
  if (!broken.includes('postgres')) return { env, missing, stop: async () => undefined };
  const { url, stop } = await ownPostgres();
  return { env: { ...env, DATABASE_URL: url }, missing, stop };
}

function works(name: Name): boolean {
  const { name: title, url } = SERVERS[name];
  const { status, stderr } = spawnSync(process.execPath, [PROBE, name, url], {
    timeout: PROBE_MS,
    killSignal: 'SIGKILL',
    encoding: 'utf8',
  });
  if (status === 0) return true;
  const why = status === null ? `no answer within ${PROBE_MS / 1_000} s` : stderr.trim();
  console.log(`${title} at ${new URL(url).host} cannot be used: ${why}`);
  return false;
}

async function ownPostgres(): Promise<{ url: string; stop: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'order-system-test-'));
  chmodSync(folder, 0o755);
  const postgres = await startEmbeddedPostgres(join(folder, 'postgres'));
  const stop = async () => {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { url: postgres.url, stop };
}
