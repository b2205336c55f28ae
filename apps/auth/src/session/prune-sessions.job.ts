import { Injectable } from '@nestjs/common';
import { Database } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';
import type { Job } from '@order-system/service-host/service';

const BATCH = 1000;
const MOST_BATCHES = 50;

/**
 * Deletes sessions that are over with their tokens, and old failures. The used tokens of a living session stay: a
 * thief may use one, and its owner come back with it, at any time until then.
 */
@Injectable()
export class PruneSessions implements Job {
  readonly everyMs = 10 * 60_000;

  constructor(private readonly db: Database) {}

  async run(): Promise<void> {
    // Tokens first, in batches of their own: a cascade from sessions would delete any number in one statement.
    await inBatches(() =>
      this.db.execute(sql`
        DELETE FROM auth.refresh_token WHERE hash IN (
          SELECT t.hash FROM auth.refresh_token t JOIN auth.session s ON s.id = t.session_id
          WHERE s.expires_at < now() LIMIT ${BATCH} FOR UPDATE OF t SKIP LOCKED)`),
    );
    await inBatches(() =>
      this.db.execute(sql`
        DELETE FROM auth.session WHERE id IN (
          SELECT s.id FROM auth.session s
          WHERE s.expires_at < now() AND NOT EXISTS (SELECT 1 FROM auth.refresh_token t WHERE t.session_id = s.id)
          LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`),
    );
    await inBatches(() =>
      this.db.execute(sql`
        DELETE FROM auth.login_failure WHERE email_hash IN (
          SELECT email_hash FROM auth.login_failure WHERE last_at < now() - interval '1 day'
          LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`),
    );
  }
}

async function inBatches(deleteBatch: () => Promise<number>): Promise<void> {
  for (let batch = 0; batch < MOST_BATCHES; batch += 1) if ((await deleteBatch()) < BATCH) return;
}
