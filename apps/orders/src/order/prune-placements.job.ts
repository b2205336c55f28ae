import { Injectable } from '@nestjs/common';
import { Database } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';
import type { Job } from '@order-system/service-host/service';

const BATCH = 1000;
const HOUR_MS = 3_600_000;

/** An Idempotency-Key is remembered for 7 days. */
@Injectable()
export class PrunePlacements implements Job {
  readonly everyMs = HOUR_MS;

  constructor(private readonly db: Database) {}

  async run(): Promise<boolean> {
    const deleted = await this.db.execute(sql`
      DELETE FROM orders.placement WHERE order_id IN (
        SELECT order_id FROM orders.placement WHERE created_at < now() - interval '7 days' LIMIT ${BATCH})`);
    return deleted === BATCH;
  }
}
