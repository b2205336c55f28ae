import { Injectable } from '@nestjs/common';
import { Database } from '@order-system/prisma/database';
import type { Job } from '@order-system/service-host/service';
import { Courier } from './courier.js';
import { claimWebhooks } from './sandbox.store.js';

const BATCH = 100;

/** Delivers what was not accepted at the first try, or never tried because its process ended. */
@Injectable()
export class DeliverWebhooks implements Job {
  readonly everyMs = 500;

  constructor(
    private readonly db: Database,
    private readonly courier: Courier,
  ) {}

  async run(): Promise<void> {
    const due = await claimWebhooks(this.db, BATCH);
    await Promise.all(due.map((webhook) => this.courier.hand(webhook)));
  }
}
