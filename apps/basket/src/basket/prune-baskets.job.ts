import { Injectable } from '@nestjs/common';
import { Database } from '@order-system/prisma/database';
import type { Job } from '@order-system/service-host/service';
import { pruneUnused } from './basket.store.js';

const DAYS = 30;
const BATCH = 1000;

@Injectable()
export class PruneBaskets implements Job {
  readonly everyMs = 60 * 60_000;

  constructor(private readonly db: Database) {}

  async run(): Promise<boolean> {
    return (await this.db.execute(pruneUnused(DAYS, BATCH))) === BATCH;
  }
}
