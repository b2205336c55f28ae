import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fail, ROOT } from '../shared/console.ts';

export interface ServicePlan {
  readonly name: string;
  readonly app: string;
  readonly healthPort: number;
  /** What people look at: the gateway's HTTP port, the health port of the others. */
  readonly port: number;
  readonly env: NodeJS.ProcessEnv;
}

const READY_WITHIN_MS = 60_000;
const LONGEST_PAUSE_MS = 30_000;
const STEADY_MS = 60_000;
const ATTEMPTS_AT_FIRST_START = 3;
/**
 * Of a process with one service or with all of them. Nine processes share one machine: a small nursery saves each of them
 * some 30 MB. In one process it costs a tenth of the throughput, and memory too: what outgrows it lives longer.
 */
const NURSERY_MB = { one: 2, all: 8 };

/** One process of the system: started, watched, started again when it dies, stopped. */
export class Service {
  readonly plan: ServicePlan;
  #child: ChildProcess | undefined;
  #startedAt = 0;
  #failures = 0;
  #isWanted = true;
  #wasReady = false;
  #pause: NodeJS.Timeout | undefined;
  /** Where the present process answers; it says so itself, so nobody else's answer is taken for its own. */
  #healthPort: number | undefined;

  constructor(plan: ServicePlan) {
    this.plan = plan;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** What people look at. */
  get port(): number {
    const { port, healthPort } = this.plan;
    return port === healthPort ? (this.#healthPort ?? port) : port;
  }

  /** Starts the process and waits until it says that it is ready. */
  async start(once: NodeJS.ProcessEnv = {}): Promise<void> {
    this.#launch(once);
    const deadline = Date.now() + READY_WITHIN_MS;
    while (!(await this.#isReady())) {
      const { name } = this.plan;
      if (!this.#isWanted) return;
      if (this.#failures >= ATTEMPTS_AT_FIRST_START)
        fail(`${name} stopped ${this.#failures} times before it was ready; its lines above say why.`);
      if (Date.now() > deadline) fail(`${name} was not ready within ${READY_WITHIN_MS / 1_000} s.`);
      await pause(50);
    }
    this.#wasReady = true;
  }

  /** Replaces the process by a new one, which alone gets the variables `once`: its successors do not. */
  async restart(once: NodeJS.ProcessEnv = {}): Promise<void> {
    await this.stop(8_000);
    this.#isWanted = true;
    this.#failures = 0;
    await this.start(once);
  }

  /** Lets the process drain, and ends it when it takes longer. */
  async stop(withinMs: number): Promise<void> {
    this.#isWanted = false;
    clearTimeout(this.#pause);
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    const timer = setTimeout(() => {
      console.error(`${this.plan.name} did not drain within ${withinMs / 1_000} s and was ended.`);
      child.kill('SIGKILL');
    }, withinMs);
    await ended;
    clearTimeout(timer);
  }

  #launch(once: NodeJS.ProcessEnv = {}): void {
    const script = join(ROOT, 'apps', this.plan.app, 'dist/main.js');
    if (!existsSync(script)) fail(`${relative(ROOT, script)} is missing. Remedy: npm run build`);
    this.#startedAt = Date.now();
    this.#healthPort = undefined;
    const child = spawn(
      process.execPath,
      [
        `--max-semi-space-size=${NURSERY_MB[this.plan.app === 'embedded' ? 'all' : 'one']}`,
        ...['--import', './tools/start/parent-watch.mjs', script],
      ],
      // Its own process group: Ctrl-C reaches this process only, which then stops the services in order.
      {
        cwd: ROOT,
        env: { ...this.plan.env, ...once },
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        detached: true,
      },
    );
    this.#child = child;
    child.on('message', ({ healthPort }: { healthPort?: number }) => (this.#healthPort = healthPort));
    child.once('exit', (code, signal) => this.#ended(signal ?? `code ${code ?? 'unknown'}`));
  }

  #ended(how: string): void {
    if (!this.#isWanted) return;
    if (Date.now() - this.#startedAt > STEADY_MS) this.#failures = 0;
    const delay = Math.min(500 * 2 ** this.#failures++, LONGEST_PAUSE_MS);
    console.error(
      `${this.plan.name} (process ${this.pid}) stopped with ${how}; starting it again in ${delay / 1_000} s.`,
    );
    this.#pause = setTimeout(() => {
      this.#launch();
      if (this.#wasReady) void this.#reportReady();
    }, delay);
  }

  async #reportReady(): Promise<void> {
    const child = this.#child;
    while (this.#isWanted && this.#child === child && child?.exitCode === null) {
      if (await this.#isReady())
        return console.log(`${this.plan.name} (process ${child.pid}) is ready again.`);
      await pause(100);
    }
  }

  async #isReady(): Promise<boolean> {
    if (this.#healthPort === undefined) return false;
    try {
      const url = `http://127.0.0.1:${this.#healthPort}/health/ready`;
      return (await fetch(url, { signal: AbortSignal.timeout(3_000) })).ok;
    } catch {
      return false;
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
