import { Injectable } from '@nestjs/common';
import { Database } from '@order-system/prisma/database';
import type { Job } from '@order-system/service-host/service';
import { purgeWebhooks } from './webhook.store.js';

/** Removes webhooks that nobody needs any more. */
@Injectable()
export class PurgeWebhooks implements Job {
  readonly everyMs = 3_600_000;

  constructor(private readonly db: Database) {}

  run(): Promise<void> {
    return purgeWebhooks(this.db);
  }
}
