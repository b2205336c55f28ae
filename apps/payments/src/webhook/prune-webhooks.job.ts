import { Injectable } from '@nestjs/common';
import { Database } from '@order-system/prisma/database';
import type { Job } from '@order-system/service-host/service';
import { pruneSandboxWebhooks, pruneWebhooks } from './webhook.store.js';

const BATCH = 1000;
const HOUR_MS = 3_600_000;

/** Removes webhooks that nobody needs any more. */
@Injectable()
export class PruneWebhooks implements Job {
  readonly everyMs = HOUR_MS;

  constructor(private readonly db: Database) {}

  async run(): Promise<boolean> {
    const deleted = [await pruneWebhooks(this.db, BATCH), await pruneSandboxWebhooks(this.db, BATCH)];
    return deleted.includes(BATCH);
  }
}
