import { fail } from './console.ts';

/** No connection, no certificate that can be trusted, no login, no right to do it, or no place. */
const NOT_FOR_US = /^(E[A-Z_]+|[A-Z_]*CERT[A-Z_]*|UNABLE_TO_[A-Z_]+|08...|28...|42501|53...|57P0.)$/;
/** What `pg` says of a server that wants another login, or none encrypted; it has no code. */
const OTHER_TERMS = /\b(SSL|SASL)\b/;

/** Creates the database when it is missing and brings it to the newest migration. Returns the names applied. */
export function prepareDatabase(url: string): Promise<string[]> {
  return onDatabase(url, async () => {
    const { createDatabaseIfMissing, migrate } = await import('@order-system/prisma/migrate');
    if (await createDatabaseIfMissing(url))
      console.log(`Created the database ${new URL(url).pathname.slice(1)}.`);
    const { applied, newer } = await migrate(url, (pid) =>
      console.log(
        `Waiting for another start that is migrating the database (if it is stuck: SELECT pg_terminate_backend(${pid})) ...`,
      ),
    );
    if (newer.length > 0)
      console.warn(
        `The database is that of a newer version, with ${newer.join(', ')}. This version runs with it, too. Remedy, unless you mean to go back: start the newer one`,
      );
    return applied;
  });
}

/** What the server refuses is the reader's to solve. */
export async function onDatabase<T>(url: string, work: () => Promise<T>): Promise<T> {
  const { MigrationError } = await import('@order-system/prisma/migrate');
  try {
    return await work();
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (error instanceof MigrationError) fail(message);
    if (NOT_FOR_US.test(code) || (code === '' && OTHER_TERMS.test(message)))
      fail(
        `PostgreSQL at ${new URL(url).host} refuses: ${message || code}. Remedy: mend that, or set another DATABASE_URL`,
      );
    throw error;
  }
}
