import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messagingBlock } from '@order-system/config/blocks';
import { readConfig } from '@order-system/config/config';
import { SERVICES } from '@order-system/contracts/services';
import { deleteTopology } from '@order-system/messaging/testing/delete-topology';
import { eventually } from '@order-system/messaging/testing/eventually';
import { withClient, withDatabase } from '@order-system/prisma/migrate';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const READY_WITHIN_MS = 60_000;
const SERVER = 'postgresql://postgres:postgres@localhost:5432/order_system';

interface PlatformOptions {
  readonly topology: 'embedded' | 'distributed';
  /** The PostgreSQL server of the distributed topology; a database of its own is made there. */
  readonly server?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Platform {
  /** The gateway's address, without a path. */
  readonly url: string;
  readonly databaseUrl: string;
  /** Where its messages travel in the distributed topology. */
  readonly broker: { readonly url: string; readonly namespace: string };
  /** What a further process needs to belong to it. */
  readonly env: NodeJS.ProcessEnv;
  /** Everything it printed so far. */
  output(): string;
  /** The services' processes at this moment; none is there of one that is being started again. */
  pids(): Record<string, number>;
  /** Replaces a service's process by one with more variables; resolves when it is ready. Its successors lack them. */
  restart(service: string, env: Readonly<Record<string, string>>): Promise<void>;
  /** Stops all processes and removes the data. */
  stop(): Promise<void>;
}

/** Starts the whole system as `npm start` does, beside whatever else runs, on data of its own. */
export async function startPlatform({
  topology,
  server = SERVER,
  env = {},
}: PlatformOptions): Promise<Platform> {
  const run = randomUUID().replaceAll('-', '').slice(0, 12);
  const dataDir = await mkdtemp(join(tmpdir(), 'order-system-'));
  // The embedded PostgreSQL may run as another user, who has to get in.
  await chmod(dataDir, 0o755);
  const database = `test_${process.env['TEST_RUN'] ?? 'any'}_e2e_${run}`;
  const namespace = `test-${run}`;
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    DATA_DIR: dataDir,
    PORT: '0',
    DATABASE_URL: withDatabase(server, database),
    MESSAGING_NAMESPACE: namespace,
    NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/compile'),
    ...env,
  };
  const child = spawn(process.execPath, ['tools/start/main.ts', '--topology', topology], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: environment,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const stop = async () => {
    await end(child);
    await rm(dataDir, { recursive: true, force: true });
    if (topology === 'distributed')
      await removeFromServers(server, database, { ...process.env, ...env, MESSAGING_NAMESPACE: namespace });
  };
  try {
    const url = await addressWhenReady(child, () => output);
    const databaseUrl = topology === 'embedded' ? embeddedUrl(dataDir) : withDatabase(server, database);
    const restart = async (service: string, more: Readonly<Record<string, string>>) => {
      const before = output.length;
      child.send({ restart: service, env: more });
      await eventually(() => {
        if (!output.slice(before).includes(`Restarted ${service}.`))
          throw new Error(`${service} did not restart`);
      }, READY_WITHIN_MS);
    };
    const broker = { url: readConfig(messagingBlock).AMQP_URL, namespace };
    const pids = () => servicesOf(child.pid);
    return { url, databaseUrl, broker, env: environment, output: () => output, pids, restart, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Children of the process that starts the services, by the name of the app that they run. */
function servicesOf(parent: number | undefined): Record<string, number> {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' });
  const rows = stdout.matchAll(/^ *(\d+) +(\d+) .*apps\/([a-z]+)\/dist\/main\.js/gm);
  const ours = [...rows].filter(([, , ppid]) => Number(ppid) === parent);
  return Object.fromEntries(ours.map(([, pid, , app]) => [app, Number(pid)]));
}

function addressWhenReady(child: ChildProcess, output: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => reject(new Error(`The system ${reason}:\n${output()}`));
    const timer = setTimeout(() => fail('was not ready in time'), READY_WITHIN_MS);
    const settle = (act: () => void) => {
      clearTimeout(timer);
      act();
    };
    child.once('exit', (code) => settle(() => fail(`stopped with code ${code}`)));
    child.stdout?.on('data', () => {
      const address = /^ {2}API +(http\S+)\/api$/m.exec(output())?.[1];
      if (address !== undefined) settle(() => resolve(address));
    });
  });
}

/** Of the database that the start keeps in its own folder. */
function embeddedUrl(dataDir: string): string {
  const read = (file: string) => readFileSync(join(dataDir, 'postgres', file), 'utf8').trim();
  return `postgresql://postgres:${read('password')}@127.0.0.1:${read('port')}/order_system`;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

async function removeFromServers(server: string, database: string, env: NodeJS.ProcessEnv): Promise<void> {
  const { AMQP_URL, MESSAGING_NAMESPACE: namespace, RETRY_LADDER } = readConfig(messagingBlock, env);
  // Each consumer wrote its name down when it started.
  const consumers = await withClient(withDatabase(server, database), async (client) => {
    const { rows } = await client.query<{ consumer: string }>('SELECT consumer FROM events.consumer_cursor');
    return rows.map((row) => row.consumer);
  });
  const left = { url: AMQP_URL, namespace, ladder: RETRY_LADDER, consumers, services: SERVICES };
  await deleteTopology(left);
  await withClient(withDatabase(server, 'postgres'), (client) =>
    client.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`),
  );
}
