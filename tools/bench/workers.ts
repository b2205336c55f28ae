import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Job } from './jobs.ts';
import type { Measurement, MeasureOptions } from './measure.ts';
import type { Order, Report } from './worker.ts';

const running = new Set<ChildProcess>();

/** Makes a load in a process of its own. */
export async function load(job: Job, options: MeasureOptions): Promise<Measurement> {
  const { onStart, ...told } = options;
  const { result, end } = await order({ do: 'measure', job, options: told }, onStart);
  end();
  return result as Measurement;
}

/** Starts a server in a process of its own; gives what a client needs to know. */
export async function serve(what: Exclude<Order, { do: 'measure' }>): Promise<{ at: string; end(): void }> {
  const { result, end } = await order(what);
  return { at: String(result), end };
}

export function endWorkers(): void {
  for (const child of running) child.kill('SIGKILL');
}

function order(what: Order, onMeasuring?: () => void): Promise<{ result: unknown; end(): void }> {
  const child = fork(join(import.meta.dirname, 'worker.ts'), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  running.add(child);
  const end = () => void child.kill('SIGKILL');
  return new Promise((resolve, reject) => {
    child.once('exit', (code, signal) => {
      running.delete(child);
      reject(new Error(`The load's process ended with ${signal ?? `code ${code}`}.`));
    });
    child.on('message', (report: Report) => {
      if (report.is === 'measuring') onMeasuring?.();
      else if (report.is === 'done') resolve({ result: report.result, end });
      else {
        end();
        reject(new Error(report.message));
      }
    });
    child.send(what);
  });
}
