import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../shared/console.ts';

const READY_WITHIN_MS = 90_000;
const MOST_OUTPUT = 100_000;

/** The start command, as `npm start` runs it. */
export class Start {
  readonly #child: ChildProcess;
  #output = '';

  constructor(topology: string, env: Readonly<Record<string, string>>) {
    this.#child = spawn(process.execPath, [join(ROOT, 'tools/start/main.ts'), '--topology', topology], {
      cwd: ROOT,
      // Its own group: after Ctrl-C this process decides what ends first.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, ...env },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk: Buffer) => this.#keep(chunk.toString()));
  }

  /** All processes: the one that watches over the services, and theirs. */
  get pids(): number[] {
    const services = this.#output.matchAll(/^ {2}[a-z]+ +(\d+) +\d+ +ready$/gm);
    return [this.#child.pid ?? 0, ...[...services].map(([, pid]) => Number(pid))];
  }

  /** What it printed since the last time this was asked. */
  takeOutput(): string {
    const output = this.#output;
    this.#output = '';
    return output;
  }

  /** Gives the gateway's address once all services are ready. */
  ready(): Promise<string> {
    return new Promise((resolve, reject) => {
      const fail = (how: string) => reject(new Error(`The system ${how}:\n${this.#output}`));
      const timer = setTimeout(() => fail('was not ready in time'), READY_WITHIN_MS);
      this.#child.once('exit', (code) => fail(`stopped with code ${code}`));
      this.#child.stdout?.on('data', () => {
        // Together with its last line: what comes after that is a warning.
        const address = /^ {2}API +(http\S+)\/api$[^]*^Ctrl-C/m.exec(this.#output)?.[1];
        if (address === undefined) return;
        clearTimeout(timer);
        resolve(address);
      });
    });
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  }

  #keep(text: string): void {
    if (this.#output.length < MOST_OUTPUT) this.#output += text;
  }
}
