import type { Client } from 'pg';

const BEGUN = 'finished_at IS NULL AND rolled_back_at IS NULL';

/** Held by the SQL of a migration: it goes on in PostgreSQL when the process that sent it has died. */
const RUNNING_LOCK = 7_316_403;

/**
 * A migration together with the mark that it was applied, which the schema engine makes afterwards only: of what is not
 * marked nothing has happened. An index that is made CONCURRENTLY has to stand alone.
 */
export const withItsMark = (script: string): string =>
  isAlone(script)
    ? script
    : `SELECT pg_advisory_xact_lock(${RUNNING_LOCK});
${script}
;UPDATE public._prisma_migrations SET finished_at = now() WHERE ${BEGUN};`;

const isAlone = (script: string): boolean => /^CREATE INDEX CONCURRENTLY/m.test(script);

/** The names of what was applied, with their checksums. */
export async function readDone(client: Client): Promise<Map<string, string>> {
  if (!(await isThere(client))) return new Map();
  const { rows } = await client.query<{ name: string; checksum: string }>(
    `SELECT migration_name AS name, checksum FROM public._prisma_migrations
     WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL ORDER BY migration_name`,
  );
  return new Map(rows.map((row) => [row.name, row.checksum]));
}

/** Lets be done again what a process began that died, or what PostgreSQL refused: the engine would refuse to go on. */
export async function undoInterrupted(client: Client): Promise<void> {
  if (!(await isThere(client)) || !(await isAnyBegun(client))) return;
  await client.query('SELECT pg_advisory_lock($1)', [RUNNING_LOCK]);
  await client.query('SELECT pg_advisory_unlock($1)', [RUNNING_LOCK]);
  // It may have been marked meanwhile. Without one that was begun, an index that is not valid yet is somebody else's work.
  if (!(await isAnyBegun(client))) return;
  const { rows } = await client.query<{ index: string }>(
    `SELECT i.indexrelid::regclass AS index FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
     WHERE NOT i.indisvalid AND c.relowner = current_user::regrole`,
  );
  for (const { index } of rows) await client.query(`DROP INDEX ${index}`);
  await client.query(`UPDATE public._prisma_migrations SET rolled_back_at = now() WHERE ${BEGUN}`);
}

async function isAnyBegun(client: Client): Promise<boolean> {
  const { rowCount } = await client.query(`SELECT FROM public._prisma_migrations WHERE ${BEGUN} LIMIT 1`);
  return rowCount === 1;
}

async function isThere(client: Client): Promise<boolean> {
  const { rows } = await client.query(`SELECT to_regclass('public._prisma_migrations') AS name`);
  return rows[0]?.name != null;
}
