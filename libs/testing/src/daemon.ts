import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const READY_WITHIN_MS = 60_000;

/** A server of the tests' own, which they may kill and start again on the same data and port. */
export interface PrivateServer {
  readonly name: string;
  readonly url: string;
  /** Starts it again; resolves when it answers. */
  start(): Promise<void>;
  /** Ends it at once, with no chance to tidy up; resolves when it is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** For a signal that does not end it, such as SIGSTOP. */
  signal(signal: NodeJS.Signals): void;
}

export interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

interface Program {
  readonly name: string;
  readonly url: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly log: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly account?: Account;
  /** Throws until it answers. */
  readonly ask: () => Promise<unknown>;
  readonly killSignal: NodeJS.Signals;
}

/** A server as a child of this process. */
export class Daemon implements PrivateServer {
  readonly name: string;
  readonly url: string;
  private child: ChildProcess | undefined;

  constructor(private readonly program: Program) {
    this.name = program.name;
    this.url = program.url;
  }

  async start(): Promise<void> {
    const { command, args, env, account, ask } = this.program;
    // Not a pipe: what the server leaves running would keep it, and with it this process, open.
    const log = openSync(this.program.log, 'a');
    // In this process's group: Ctrl-C ends it too.
    const child = spawn(command, args, {
      ...account,
      cwd: '/',
      env: { ...process.env, ...env },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.child = child;
    child.on('error', () => undefined);
    const until = Date.now() + READY_WITHIN_MS;
    for (;;) {
      try {
        return void (await ask());
      } catch (error) {
        if (hasEnded(child)) throw new Error(`${this.name} ended while it started:\n${this.lastLines()}`);
        if (Date.now() > until)
          throw new Error(`${this.name} did not start: ${String(error)}\n${this.lastLines()}`);
        await pause(100);
      }
    }
  }

  async kill(signal: NodeJS.Signals = this.program.killSignal): Promise<void> {
    const { child } = this;
    if (!child || hasEnded(child)) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }

  signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  private lastLines(): string {
    return readFileSync(this.program.log, 'utf8').slice(-4000);
  }
}

const hasEnded = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
