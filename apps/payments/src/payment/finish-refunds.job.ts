import { Injectable } from '@nestjs/common';
import { systemContext } from '@order-system/messaging/context';
import { Database } from '@order-system/prisma/database';
import { JobRunner } from '@order-system/service-host/job-runner';
import type { Job } from '@order-system/service-host/service';
import { RefundPayment, recordRefund } from './refund-payment.js';
import { type DueRefund, claimRefunds } from './refund.store.js';

const BATCH = 20;

/** Sends back what was promised: refunds of cancelled orders, and those whose answer never came. */
@Injectable()
export class FinishRefunds implements Job {
  readonly everyMs = 1000;

  constructor(
    private readonly db: Database,
    private readonly refunds: RefundPayment,
    private readonly runner: JobRunner,
  ) {}

  async run(): Promise<void> {
    const due = await claimRefunds(this.db, BATCH);
    await Promise.all(due.map((refund) => this.finish(refund)));
    // After an outage there are many more; each was leased, so none comes twice.
    if (due.length === BATCH) this.runner.wake(FinishRefunds);
  }

  private async finish(refund: DueRefund): Promise<void> {
    const answer = await this.refunds.finish(refund);
    const ctx = systemContext(refund.correlation_id);
    await this.db.inTx((tx) => recordRefund(tx, { refund, answer }, ctx));
  }
}
