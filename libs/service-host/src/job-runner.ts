import type { Type } from '@nestjs/common';
import { DomainError } from '@order-system/contracts/errors';
import { reportDefect } from '@order-system/messaging/defects';
import { logger } from '@order-system/observability/logger';
import { jobSeconds } from '@order-system/observability/metrics';
import { isUnavailable } from '@order-system/prisma/sql-errors';
import type { Job } from './service.js';

const log = logger('jobs');

interface Running {
  job: Job;
  timer: NodeJS.Timeout | undefined;
  current: Promise<void> | undefined;
  again: boolean;
}

/** Runs a service's jobs, each on its own timer. */
export class JobRunner {
  private readonly running = new Map<Type<Job>, Running>();
  private stopping = false;

  constructor(private readonly service: string) {}

  start(type: Type<Job>, job: Job): void {
    const entry: Running = { job, timer: undefined, current: undefined, again: false };
    this.running.set(type, entry);
    this.schedule(entry);
  }

  /** Runs a job now, or once more right after its present run. The timer stays what remains when a wake is lost. */
  wake(type: Type<Job>): void {
    const entry = this.running.get(type);
    if (!entry || this.stopping) return;
    if (entry.current) entry.again = true;
    else this.begin(entry);
  }

  /** Waits for the runs under way. */
  async stop(): Promise<void> {
    this.stopping = true;
    for (const { timer } of this.running.values()) clearTimeout(timer);
    await Promise.all([...this.running.values()].map(({ current }) => current));
  }

  private begin(entry: Running): void {
    clearTimeout(entry.timer);
    entry.current = this.run(entry).finally(() => {
      entry.current = undefined;
      if (this.stopping) return;
      if (entry.again) this.begin(entry);
      else this.schedule(entry);
    });
  }

  private schedule(entry: Running): void {
    // Jitter keeps the processes of one service from doing the same work at the same moment.
    const delay = entry.job.everyMs * (0.9 + Math.random() * 0.2);
    entry.timer = setTimeout(() => this.begin(entry), delay).unref();
  }

  private async run(entry: Running): Promise<void> {
    entry.again = false;
    const name = entry.job.constructor.name;
    const done = jobSeconds.startTimer({ job: name });
    try {
      if (await entry.job.run()) entry.again = true;
      done({ outcome: 'done' });
    } catch (err) {
      done({ outcome: 'failed' });
      log.warn({ job: name, err }, 'a job failed and will run again');
      const isDefect = !isUnavailable(err) && !(err instanceof DomainError);
      if (isDefect) reportDefect(this.service, `job ${name}`, err);
    }
  }
}
