import { Injectable } from '@nestjs/common';
import { systemContext } from '@order-system/messaging/context';
import { Database } from '@order-system/prisma/database';
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
  ) {}

  async run(): Promise<boolean> {
    const due = await claimRefunds(this.db, BATCH);
    await Promise.all(due.map((refund) => this.finish(refund)));
    // After an outage there are many more; each was leased, so none comes twice.
    return due.length === BATCH;
  }

  private async finish(refund: DueRefund): Promise<void> {
    const answer = await this.refunds.finish(refund);
    const ctx = systemContext(refund.correlation_id);
    await this.db.inTx((tx) => recordRefund(tx, { refund, answer }, ctx));
  }
}
