import { Injectable } from '@nestjs/common';
import { Database } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';
import type { Job } from '@order-system/service-host/service';

const BATCH = 1000;

/**
 * Deletes sessions that are over with their tokens, and old failures. The used tokens of a living session stay: a
 * thief may use one, and its owner come back with it, at any time until then.
 */
@Injectable()
export class PruneSessions implements Job {
  readonly everyMs = 10 * 60_000;

  constructor(private readonly db: Database) {}

  async run(): Promise<boolean> {
    // Tokens first: a cascade from sessions would delete any number in one statement.
    const deleted = [await this.tokens(), await this.sessions(), await this.failures()];
    return deleted.includes(BATCH);
  }

  private tokens(): Promise<number> {
    return this.db.execute(sql`
      DELETE FROM auth.refresh_token WHERE hash IN (
        SELECT t.hash FROM auth.refresh_token t JOIN auth.session s ON s.id = t.session_id
        WHERE s.expires_at < now() LIMIT ${BATCH} FOR UPDATE OF t SKIP LOCKED)`);
  }

  private sessions(): Promise<number> {
    return this.db.execute(sql`
      DELETE FROM auth.session WHERE id IN (
        SELECT s.id FROM auth.session s
        WHERE s.expires_at < now() AND NOT EXISTS (SELECT 1 FROM auth.refresh_token t WHERE t.session_id = s.id)
        LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`);
  }

  private failures(): Promise<number> {
    return this.db.execute(sql`
      DELETE FROM auth.login_failure WHERE email_hash IN (
        SELECT email_hash FROM auth.login_failure WHERE last_at < now() - interval '1 day'
        LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`);
  }
}
