import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';

export interface Outcome {
  readonly status: number | null;
  /** What it said, on both streams. */
  readonly output: string;
}

const running = new Set<ChildProcess>();

/** Runs a program to its end, without keeping this process from hearing of signals meanwhile. */
export function runProgram(command: string, args: string[], options: SpawnOptions): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    let output = '';
    const end = (outcome: Outcome) => {
      running.delete(child);
      resolve(outcome);
    };
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.on('error', ({ message }) => end({ status: null, output: message }));
    child.on('close', (status) => end({ status, output }));
  });
}

/** Ends those that run, for a process that is told to stop. */
export function endPrograms(): void {
  for (const child of running) child.kill();
}
