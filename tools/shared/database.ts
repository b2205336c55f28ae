import { fail } from './console.ts';

/** No connection, no login, no right to do it, or no place. */
const NOT_FOR_US = /^(E[A-Z_]+|08...|28...|42501|53...|57P0.)$/;

/** Creates the database when it is missing and brings it to the newest migration. Returns the names applied. */
export async function prepareDatabase(url: string): Promise<string[]> {
  const { createDatabaseIfMissing, migrate, MigrationError } = await import('@order-system/prisma/migrate');
  try {
    if (await createDatabaseIfMissing(url))
      console.log(`Created the database ${new URL(url).pathname.slice(1)}.`);
    return await migrate(url);
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (error instanceof MigrationError) fail(message);
    if (NOT_FOR_US.test(code))
      fail(
        `PostgreSQL at ${new URL(url).host} refuses: ${message || code}. Remedy: mend that, or set another DATABASE_URL`,
      );
    throw error;
  }
}
