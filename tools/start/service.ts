import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fail, ROOT } from '../shared/console.ts';

export interface ServicePlan {
  readonly name: string;
  readonly app: string;
  /** Where people reach the gateway, alone or with all services. */
  readonly port: number | undefined;
  readonly healthPort: number;
  readonly env: NodeJS.ProcessEnv;
  readonly isInspected: boolean;
}

const READY_WITHIN_MS = 60_000;
const LONGEST_PAUSE_MS = 30_000;
const STEADY_MS = 60_000;
const ATTEMPTS_AT_FIRST_START = 3;
/** How libs/service-host ends a process whose configuration cannot be used. */
const CONFIG_UNUSABLE = 78;
/**
 * Of V8's memory, for a process with one service or with all of them. A heap that grows by half before it is cleared, instead
 * of fourfold, keeps all nine below 1 GB after minutes of load, and the one process below 330 MB. The larger the nursery, the
 * less of what a request leaves behind is copied. Without short calls all processes share the code that is built into Node;
 * with them each has a copy of it.
 */
const MEMORY = {
  one: ['--max-semi-space-size=8', '--heap-growing-percent=50', '--no-short-builtin-calls'],
  all: ['--max-semi-space-size=8', '--heap-growing-percent=50'],
};
/** glibc's own value, but fixed: it would raise it with what is freed, and nine processes keep 60 MB that nobody uses. */
const MALLOC = { MALLOC_MMAP_THRESHOLD_: '131072' };

/** One process of the system: started, watched, started again when it dies, stopped. */
export class Service {
  readonly plan: ServicePlan;
  #child: ChildProcess | undefined;
  #startedAt = 0;
  #failures = 0;
  #isWanted = true;
  #wasReady = false;
  #isConfigUsable = true;
  #isDrained = false;
  #pause: NodeJS.Timeout | undefined;
  /** Where the present process answers; it says so itself, so nobody else's answer is taken for its own. */
  #healthPort: number | undefined;

  constructor(plan: ServicePlan) {
    this.plan = plan;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get healthPort(): number {
    return this.#healthPort ?? this.plan.healthPort;
  }

  /** Starts the process and waits until it says that it is ready. */
  async start(once: NodeJS.ProcessEnv = {}): Promise<void> {
    this.#launch(once);
    const deadline = Date.now() + READY_WITHIN_MS;
    for (let lack = await this.#lack(); lack !== undefined; lack = await this.#lack()) {
      const { name } = this.plan;
      if (!this.#isWanted) return;
      if (!this.#isConfigUsable)
        fail(`${name} cannot start with this configuration; its line above says why.`);
      if (this.#failures >= ATTEMPTS_AT_FIRST_START)
        fail(`${name} stopped ${this.#failures} times before it was ready; its lines above say why.`);
      if (Date.now() > deadline) fail(`${name} was not ready within ${READY_WITHIN_MS / 1_000} s: ${lack}.`);
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
      // One that has drained is writing its cache of compiled code: the next time it writes the rest.
      if (!this.#isDrained)
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
    this.#isConfigUsable = true;
    this.#isDrained = false;
    const child = spawn(
      process.execPath,
      [
        ...MEMORY[this.plan.app === 'embedded' ? 'all' : 'one'],
        ...(this.plan.isInspected ? ['--inspect'] : []),
        ...['--import', './tools/start/parent-watch.mjs', script],
      ],
      // Its own process group: Ctrl-C reaches this process only, which then stops the services in order.
      {
        cwd: ROOT,
        env: { ...MALLOC, ...this.plan.env, ...once },
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        detached: true,
      },
    );
    this.#child = child;
    child.on('message', ({ healthPort = this.#healthPort, isDrained = false }: Word) => {
      this.#healthPort = healthPort;
      this.#isDrained = isDrained;
    });
    child.once('exit', (code, signal) => {
      this.#isConfigUsable = code !== CONFIG_UNUSABLE;
      this.#ended(signal ?? `code ${code ?? 'unknown'}`);
    });
  }

  #ended(how: string): void {
    if (!this.#isWanted || !this.#isConfigUsable) return;
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
      if ((await this.#lack()) === undefined)
        return console.log(`${this.plan.name} (process ${child.pid}) is ready again.`);
      await pause(100);
    }
  }

  /** Why it is not ready; undefined when it is. */
  async #lack(): Promise<string | undefined> {
    if (this.#healthPort === undefined) return 'it did not get as far as saying where it answers';
    try {
      const url = `http://127.0.0.1:${this.#healthPort}/health/ready`;
      const answer = await fetch(url, { signal: AbortSignal.timeout(3_000) });
      return answer.ok ? undefined : missingIn((await answer.json()) as Health);
    } catch (error) {
      return `it does not answer at ${this.#healthPort} (${(error as Error).message})`;
    }
  }
}

/** What a service says to who started it. */
interface Word {
  readonly healthPort?: number;
  readonly isDrained?: boolean;
}

interface Health {
  readonly checks: Readonly<Record<string, 'up' | 'down'>>;
}

function missingIn({ checks }: Health): string {
  const down = Object.keys(checks).filter((check) => checks[check] === 'down');
  return `its ${down.join(' and ')} cannot be used`;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
