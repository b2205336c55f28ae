import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { withDatabase } from '@order-system/prisma/migrate';
import { ROOT } from '../shared/console.ts';
import { SERVERS } from '../shared/servers.ts';
import { cleanUpServers } from './clean-up.ts';
import { Start } from './launch.ts';

export type Topology = 'embedded' | 'distributed';

const NO_LIMIT = '1000000000';
const secret = () => randomBytes(36).toString('base64url');

/** The whole system on a topology, with a database, a namespace, a data folder and a port of its own. */
export class System {
  readonly topology: Topology;
  readonly admin = { email: 'admin@example.com', password: `Aa1${secret()}` };
  readonly #database: string;
  readonly #namespace: string;
  readonly #secrets = { JWT_SECRET: secret(), SANDBOX_WEBHOOK_SECRET: secret() };
  #dataDir: string | undefined;
  #start: Start | undefined;
  #url = '';
  #pids: number[] = [];

  constructor(topology: Topology) {
    this.topology = topology;
    const run = randomBytes(6).toString('hex');
    this.#database = `bench_${run}`;
    this.#namespace = `bench-${run}`;
  }

  /** The gateway's address. */
  get url(): string {
    return this.#url;
  }

  get pids(): readonly number[] {
    return this.#pids;
  }

  get databaseUrl(): string {
    if (this.topology === 'distributed') return withDatabase(SERVERS.postgres.url, this.#database);
    const read = (file: string) => readFileSync(join(this.#dataDir ?? '', 'postgres', file), 'utf8').trim();
    return `postgresql://postgres:${read('password')}@127.0.0.1:${read('port')}/order_system`;
  }

  /** Starts it, on the same data as the last time; gives the seconds until it was ready. */
  async start(): Promise<number> {
    this.#dataDir ??= await makeFolder();
    const from = performance.now();
    this.#start = new Start(this.topology, this.#env(this.#dataDir));
    this.#url = await this.#start.ready();
    const seconds = (performance.now() - from) / 1_000;
    this.#pids = this.#start.pids;
    this.#start.takeOutput();
    return seconds;
  }

  /** What it has printed since it was ready: warnings and errors. */
  takeOutput(): string {
    return this.#start?.takeOutput() ?? '';
  }

  async stop(): Promise<void> {
    await this.#start?.stop();
    this.#start = undefined;
  }

  /** Stops it and removes all that it made. */
  async remove(): Promise<void> {
    await this.stop();
    if (this.#dataDir === undefined) return;
    if (this.topology === 'distributed') await cleanUpServers(this.#database, this.#namespace);
    await rm(this.#dataDir, { recursive: true, force: true });
  }

  #env(dataDir: string): Record<string, string> {
    return {
      ...this.#secrets,
      DATA_DIR: dataDir,
      DATABASE_URL: withDatabase(SERVERS.postgres.url, this.#database),
      MESSAGING_NAMESPACE: this.#namespace,
      NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/compile'),
      ADMIN_EMAIL: this.admin.email,
      ADMIN_PASSWORD: this.admin.password,
      PORT: '0',
      PUBLIC_URL: '',
      GATEWAY_URL: '',
      ACCESS_TOKEN_TTL: '1d',
      THROTTLE_LIMIT: NO_LIMIT,
      AUTH_THROTTLE_LIMIT: NO_LIMIT,
      LOG_LEVEL: 'warn',
    };
  }
}

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'order-system-bench-'));
  // The embedded PostgreSQL may run as another user, who has to get in.
  await chmod(folder, 0o755);
  return folder;
}
