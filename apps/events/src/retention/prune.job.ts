import { Injectable } from '@nestjs/common';
import { INBOX_DAYS } from '@order-system/messaging/deliver';
import { Database } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';
import type { Job } from '@order-system/service-host/service';

const BATCH = 1000;
const HOUR_MS = 3_600_000;
const KEY_DAYS = 7;

/**
 * Forgets what was applied long ago, but nothing that catch-up still looks at: a consumer that was away for a month
 * must not take the rest of its events for missed.
 */
@Injectable()
export class PruneInbox implements Job {
  readonly everyMs = HOUR_MS;

  constructor(private readonly db: Database) {}

  async run(): Promise<boolean> {
    // By their place, or PostgreSQL looks for the batch in the whole inbox.
    const deleted = await this.db.execute(sql`
      DELETE FROM events.inbox WHERE ctid = ANY(ARRAY(
        SELECT i.ctid FROM events.inbox i
        LEFT JOIN events.event e ON e.id = i.event_id
        LEFT JOIN events.consumer_cursor c ON c.consumer = i.consumer
        WHERE i.applied_at < now() - ${INBOX_DAYS} * interval '1 day'
          AND (c.position IS NULL OR coalesce(e.occurred_at, i.applied_at) < c.position)
        ORDER BY i.applied_at LIMIT ${BATCH}))`);
    return deleted === BATCH;
  }
}

/** An Idempotency-Key is remembered for 7 days, for all services. */
@Injectable()
export class PruneIdempotencyKeys implements Job {
  readonly everyMs = HOUR_MS;

  constructor(private readonly db: Database) {}

  async run(): Promise<boolean> {
    const deleted = await this.db.execute(sql`
      DELETE FROM events.idempotency_key WHERE (service, actor, key) IN (
        SELECT service, actor, key FROM events.idempotency_key
        WHERE created_at < now() - ${KEY_DAYS} * interval '1 day' LIMIT ${BATCH})`);
    return deleted === BATCH;
  }
}
