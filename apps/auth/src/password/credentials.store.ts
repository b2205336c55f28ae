import { createHash } from 'node:crypto';
import { DomainError } from '@order-system/contracts/errors';
import type { Database, Tx } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';

const MOST_FAILURES = 5;
const LOCK_MINUTES = 15;

/** Times are the database's: all instances share its clock. */
interface Lock {
  seconds: number | null;
}

const hashOf = (email: string): string => createHash('sha256').update(email).digest('hex');

const locked = (seconds: number): DomainError =>
  new DomainError('RATE_LIMITED', 'Too many failed logins for this account; try again later.', {
    retryAfter: Math.max(1, seconds),
  });

/** Known addresses and unknown ones are looked up, counted and locked alike. Throws RATE_LIMITED. */
export async function findCredentials(
  db: Database,
  email: string,
): Promise<{ userId: string; passwordHash: string } | undefined> {
  const [row] = await db.query<{ id: string | null; password_hash: string | null } & Lock>(sql`
    SELECT u.id, u.password_hash, ceil(extract(epoch FROM f.locked_until - now()))::int AS seconds
    FROM (SELECT ${email}::text AS email, ${hashOf(email)}::text AS hash) asked
    LEFT JOIN auth."user" u ON u.email = asked.email
    LEFT JOIN auth.login_failure f ON f.email_hash = asked.hash AND f.locked_until > now()`);
  if (row?.seconds != null) throw locked(row.seconds);
  return row?.id != null && row.password_hash !== null
    ? { userId: row.id, passwordHash: row.password_hash }
    : undefined;
}

/** Counts a failure; the fifth within a quarter of an hour locks. Throws RATE_LIMITED when it is locked already. */
export async function countFailure(db: Database, email: string): Promise<void> {
  const hash = hashOf(email);
  const counted = await db.execute(sql`
    INSERT INTO auth.login_failure AS f (email_hash, failures) VALUES (${hash}, 1)
    ON CONFLICT (email_hash) DO UPDATE SET
      failures = CASE WHEN f.locked_until IS NULL AND f.last_at > now() - ${LOCK_MINUTES} * interval '1 minute'
        THEN f.failures + 1 ELSE 1 END,
      locked_until = CASE WHEN f.locked_until IS NULL AND f.last_at > now() - ${LOCK_MINUTES} * interval '1 minute'
        AND f.failures + 1 >= ${MOST_FAILURES} THEN now() + ${LOCK_MINUTES} * interval '1 minute' END,
      last_at = now()
    WHERE f.locked_until IS NULL OR f.locked_until <= now()`);
  if (counted === 0) throw locked(LOCK_MINUTES * 60);
}

/**
 * Forgets the failures after a success. Throws RATE_LIMITED when guesses that ran at the same time have locked the
 * account meanwhile: among many parallel guesses the right one must not stand out.
 */
export async function forgetFailures(tx: Tx, email: string): Promise<void> {
  const row = await tx.one<Lock>(sql`
    DELETE FROM auth.login_failure WHERE email_hash = ${hashOf(email)}
    RETURNING CASE WHEN locked_until > now() THEN ceil(extract(epoch FROM locked_until - now()))::int END AS seconds`);
  if (row?.seconds != null) throw locked(row.seconds);
}

export const eraseFailures = (tx: Tx, email: string): Promise<number> =>
  tx.execute(sql`DELETE FROM auth.login_failure WHERE email_hash = ${hashOf(email)}`);
