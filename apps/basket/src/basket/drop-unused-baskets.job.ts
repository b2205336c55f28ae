import { Injectable } from '@nestjs/common';
import { Database } from '@order-system/prisma/database';
import type { Job } from '@order-system/service-host/service';
import { dropUnused } from './basket.store.js';

const DAYS = 30;
const BATCH = 1000;

@Injectable()
export class DropUnusedBaskets implements Job {
  readonly everyMs = 60 * 60_000;

  constructor(private readonly db: Database) {}

  async run(): Promise<void> {
    while ((await this.db.execute(dropUnused(DAYS, BATCH))) === BATCH);
  }
}
