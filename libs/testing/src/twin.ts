import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { SERVICES } from '@order-system/contracts/services';
import { eventually } from '@order-system/messaging/testing/eventually';
import type { Platform } from './platform.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const READY_WITHIN_MS = 60_000;

/** A further process of a service, beside the one that the platform watches over. */
export interface Twin {
  /** Of a gateway; without a path. */
  readonly url: string;
  /** Everything it printed so far. */
  output(): string;
  /** With SIGKILL as in a crash; nobody starts it again. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** For platforms of the distributed topology. */
async function startTwin(platform: Platform, app: string): Promise<Twin> {
  const [port, healthPort] = await freePorts(2);
  const { url: PUBLIC_URL } = platform;
  const child = spawn(
    process.execPath,
    ['--import', './tools/start/parent-watch.mjs', `apps/${app}/dist/main.js`],
    {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: {
        ...platform.env,
        TOPOLOGY: 'distributed',
        PUBLIC_URL,
        GATEWAY_URL: PUBLIC_URL,
        PORT: String(port),
        HEALTH_PORT: String(healthPort),
      },
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  try {
    await untilReady(child, healthPort);
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`The twin of ${app} is not ready:\n${output}`, { cause: error });
  }
  return {
    url: `http://localhost:${port}`,
    output: () => output,
    end: async (signal) => {
      if (hasEnded(child)) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill(signal);
      await ended;
    },
  };
}

/** One twin of the gateway, which comes first, and one of every service. */
export async function startTwins(platform: Platform): Promise<[gateway: Twin, ...services: Twin[]]> {
  const starting = ['gateway', ...SERVICES].map((app) => startTwin(platform, app));
  const started = await Promise.allSettled(starting);
  const twins = started.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
  const failed = started.find((one) => one.status === 'rejected');
  if (failed) {
    await endTwins(twins);
    throw failed.reason;
  }
  return twins as [Twin, ...Twin[]];
}

export async function endTwins(twins: readonly Twin[]): Promise<void> {
  await Promise.all(twins.map((twin) => twin.end('SIGTERM')));
}

async function untilReady(child: ChildProcess, healthPort: number | undefined): Promise<void> {
  await eventually(async () => {
    if (hasEnded(child)) return;
    const { ok, status } = await fetch(`http://127.0.0.1:${healthPort}/health/ready`);
    if (!ok) throw new Error(`it answers ${status}`);
  }, READY_WITHIN_MS);
  if (hasEnded(child)) throw new Error('it has ended');
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once('listening', resolve))));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
