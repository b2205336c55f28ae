import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@order-system/messaging/testing/eventually';
import { JobRunner } from './job-runner.js';
import type { Job } from './service.js';

const HOUR_MS = 3_600_000;

let runner: JobRunner;
beforeEach(() => {
  runner = new JobRunner('test');
});
afterEach(() => runner.stop());

/** A job whose runs end as told, the last way for ever. */
const start = (ends: (() => Promise<boolean | void>)[], everyMs = HOUR_MS) => {
  let runs = 0;
  class Work implements Job {
    readonly everyMs = everyMs;
    run(): Promise<boolean | void> {
      const end = ends[Math.min(runs, ends.length - 1)]!;
      runs += 1;
      return end();
    }
  }
  runner.start(Work, new Work());
  return { runs: () => runs, wake: () => runner.wake(Work) };
};

const MORE = async () => true;
const DONE = async () => undefined;

describe('a job', () => {
  it('runs again at once for as long as there is more', async () => {
    const job = start([MORE, MORE, async () => false]);
    job.wake();
    await eventually(() => expect(job.runs()).toBe(3));
  });

  it('that is woken while it runs does so once more, however often it is woken', async () => {
    const gate = Promise.withResolvers<void>();
    const job = start([() => gate.promise, DONE]);
    for (let i = 0; i < 3; i += 1) job.wake();
    expect(job.runs()).toBe(1);
    gate.resolve();
    await eventually(() => expect(job.runs()).toBe(2));
  });

  it('that fails runs again in its time', async () => {
    const job = start([() => Promise.reject(new Error('failed')), DONE], 20);
    await eventually(() => expect(job.runs()).toBeGreaterThan(1));
  });

  it('ends what it has begun at a stop, and no more than that', async () => {
    const gate = Promise.withResolvers<boolean>();
    const job = start([() => gate.promise, MORE], 20);
    job.wake();
    let isStopped = false;
    const stopped = runner.stop().then(() => (isStopped = true));
    job.wake();
    await Promise.resolve();
    expect(isStopped).toBe(false);
    gate.resolve(true);
    await stopped;
    expect(job.runs()).toBe(1);
  });
});
