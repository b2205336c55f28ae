import { fail } from './console.ts';

/** Creates the database when it is missing and brings it to the newest migration. Returns the names applied. */
export async function prepareDatabase(url: string): Promise<string[]> {
  const { createDatabaseIfMissing, migrate, MigrationError } = await import('@order-system/prisma/migrate');
  if (await createDatabaseIfMissing(url))
    console.log(`Created the database ${new URL(url).pathname.slice(1)}.`);
  try {
    return await migrate(url);
  } catch (error) {
    if (error instanceof MigrationError) fail(error.message);
    throw error;
  }
}
