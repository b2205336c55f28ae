import { Injectable } from '@nestjs/common';
import { DomainError } from '@order-system/contracts/errors';
import { systemContext } from '@order-system/messaging/context';
import type { EventMessage } from '@order-system/messaging/events';
import { Database } from '@order-system/prisma/database';
import type { Job } from '@order-system/service-host/service';
import { Redelivery } from '../redelivery.js';
import { inTurns } from './in-turns.js';
import { type ClaimedJob, claimJob, nextEvents, type Progress, saveProgress } from './replay.store.js';

const BATCH = 100;
const AT_ONCE = 16;
/** A run ends after so long, far from the end of its lease and of a shutdown's patience. */
const RUN_MS = 2000;
const OUTAGE_PAUSE_MS = 5000;

/** Gives events again to consumers, a batch per run. Many may run: each job is in the hands of one. */
@Injectable()
export class ReplayEvents implements Job {
  readonly everyMs = 1000;

  constructor(
    private readonly db: Database,
    private readonly redelivery: Redelivery,
  ) {}

  async run(): Promise<boolean> {
    const job = await claimJob(this.db);
    if (!job) return false;
    const progress = await this.replayBatch(job);
    await saveProgress(this.db, job, progress);
    return true;
  }

  private async replayBatch(job: ClaimedJob): Promise<Progress> {
    const until = performance.now() + RUN_MS;
    const progress: Progress = { ...NONE };
    const events = await nextEvents(this.db, job, BATCH);
    for (const together of inTurns(events, AT_ONCE)) {
      if (performance.now() > until) return progress;
      if (!(await this.replay(job, together, progress))) return progress;
    }
    return { ...progress, status: events.length < BATCH ? 'DONE' : 'RUNNING' };
  }

  /** False: go no further now. What came after the first event that could not be given is given again later. */
  private async replay(job: ClaimedJob, events: EventMessage[], progress: Progress): Promise<boolean> {
    const given = await Promise.allSettled(events.map((event) => this.give(job, event)));
    for (const [i, result] of given.entries()) {
      const event = events[i]!;
      if (result.status === 'rejected') {
        stop(progress, result.reason);
        return false;
      }
      note(progress, event, result.value);
      progress.last = event;
    }
    return true;
  }

  private give({ id, consumer }: ClaimedJob, message: EventMessage): Promise<Given> {
    return this.redelivery.deliver({ consumer, message, again: true }, systemContext(id));
  }
}

type Given = Awaited<ReturnType<Redelivery['deliver']>>;

function note(progress: Progress, event: EventMessage, { outcome, error }: Given): void {
  if (outcome === 'consumed') progress.applied += 1;
  else if (outcome === 'duplicate') progress.skipped += 1;
  else {
    progress.failed += 1;
    progress.error = `${event.type} ${event.id}: ${error ?? 'failed'}`;
  }
}

function stop(progress: Progress, reason: unknown): void {
  if (!(reason instanceof DomainError)) throw reason;
  if (reason.retryable) progress.restMs = OUTAGE_PAUSE_MS;
  else progress.status = 'FAILED';
  progress.error = reason.detail;
}

export const NONE: Progress = {
  status: 'RUNNING',
  applied: 0,
  skipped: 0,
  failed: 0,
  error: null,
  last: undefined,
  restMs: 0,
};
