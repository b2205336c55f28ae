import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { connectionTo } from './connection.js';
import { applyGrants, createRoles } from './roles.js';
import { migrationChecksums, readMigrations } from './migration-files.js';
import { readDone, undoInterrupted } from './migration-table.js';
import { NO_FILTERS, withSchemaEngine } from './schema-engine.js';

const MIGRATION_LOCK = 7_316_402;
const ASK_AGAIN_MS = 100;
const TELL_AFTER_MS = 3_000;
const PROTOCOL_VIOLATION = '08P01';

/** The database is not one that the folder's migrations can go on with; the message says what to do about it. */
export class MigrationError extends Error {}

const UTF8_REMEDY =
  "Remedy: CREATE DATABASE <name> ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0, as one who may, and name it in DATABASE_URL";

/** Opens one connection for the length of some work. */
export async function withClient<T>(
  url: string,
  work: (client: Client) => Promise<T>,
  settings = '',
): Promise<T> {
  const client = new Client({ ...connectionTo(url, settings), connectionTimeoutMillis: 5_000 });
  // Without a listener a server that goes away would end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The same server, another database. */
export function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${encodeURIComponent(database)}`;
  return changed.href;
}

export const isDatabaseMissing = (error: unknown): boolean => (error as { code?: string }).code === '3D000';

/** Creates the database the URL names; true when it was missing. Who finds it there needs no right to any other. */
export async function createDatabaseIfMissing(url: string): Promise<boolean> {
  try {
    await withClient(url, async () => undefined);
    return false;
  } catch (error) {
    if (!isDatabaseMissing(error)) throw error;
  }
  const name = decodeURIComponent(new URL(url).pathname.slice(1));
  return withClient(withDatabase(url, 'postgres'), async (client) => {
    try {
      // template1 may have another encoding: that of the server.
      await client.query(
        `CREATE DATABASE ${client.escapeIdentifier(name)} ENCODING 'UTF8' TEMPLATE template0`,
      );
      return true;
    } catch (error) {
      const { code = '', message } = error as { code?: string; message: string };
      // Another start was faster.
      if (['42P04', '23505'].includes(code)) return false;
      // The server's locale is of another encoding.
      if (code === '22023') throw new MigrationError(`${message}. ${UTF8_REMEDY}`);
      throw error;
    }
  });
}

interface Migrated {
  /** The names of the migrations that were applied. */
  applied: string[];
  /** Those of a newer version that were applied before: this one runs with them, too. */
  newer: string[];
}

/**
 * Brings a database to the newest migration, with the services' roles and grants.
 * Many may run at once: an advisory lock lets them in one after the other.
 * @param onWait told once of PostgreSQL's process that works for another one, when that takes longer than three seconds
 */
export async function migrate(url: string, onWait?: (pid: number) => void): Promise<Migrated> {
  await refusePoolers(url);
  return withClient(url, async (client) => {
    await takeTurn(client, onWait);
    try {
      await refuseOtherEncodings(client);
      await createRoles(client);
      await undoInterrupted(client);
      const [done, wanted] = [await readDone(client), migrationChecksums(readMigrations())];
      const newer = refuseOthers(done, wanted);
      // The engine takes half a second to load; a database that has everything need not wait for it.
      const isCurrent = [...wanted.keys()].every((name) => done.has(name));
      const applied = isCurrent ? [] : await applyMigrations(url);
      await client.query('BEGIN');
      await applyGrants(client);
      await client.query('COMMIT');
      return { applied, newer };
    } finally {
      await client.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => undefined);
    }
  });
}

/** The services' roles and limits are settings of a connection: a pooler refuses them or, worse, leaves them out. */
async function refusePoolers(url: string): Promise<void> {
  const refuse = (why: string) => {
    throw new MigrationError(
      `What answers at DATABASE_URL is a pooler, which the services cannot use: ${why}. Remedy: set DATABASE_URL to PostgreSQL itself`,
    );
  };
  const ask = (client: Client) => client.query<{ lock_timeout: string }>('SHOW lock_timeout');
  try {
    const { rows } = await withClient(url, ask, '-c lock_timeout=1987');
    if (rows[0]?.lock_timeout !== '1987ms') refuse('it leaves out the settings of a connection');
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === PROTOCOL_VIOLATION) refuse(message);
    throw error;
  }
}

/** Asks again and again: CREATE INDEX CONCURRENTLY waits for every statement, so also for one that waits for its end. */
async function takeTurn(client: Client, onWait?: (pid: number) => void): Promise<void> {
  let tellAt = performance.now() + TELL_AFTER_MS;
  for (;;) {
    const { rows } = await client.query<{ ours: boolean; pid: number | null }>(
      `SELECT pg_try_advisory_lock($1) AS ours, (
         SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = database
         WHERE (locktype, classid, objid, objsubid) = ('advisory', 0, $1::bigint, 1) AND granted
           AND datname = current_database()
       ) AS pid`,
      [MIGRATION_LOCK],
    );
    const [{ ours, pid } = { ours: false, pid: null }] = rows;
    if (ours) return;
    if (pid !== null && performance.now() >= tellAt) {
      tellAt = Infinity;
      onWait?.(pid);
    }
    await sleep(ASK_AGAIN_MS);
  }
}

/** In any other what people write could be refused, or not be found again. */
async function refuseOtherEncodings(client: Client): Promise<void> {
  const { rows } = await client.query<{ server_encoding: string }>('SHOW server_encoding');
  const encoding = rows[0]?.server_encoding;
  if (encoding !== 'UTF8')
    throw new MigrationError(`The database has the encoding ${encoding}, not UTF8. ${UTF8_REMEDY}`);
}

async function applyMigrations(url: string): Promise<string[]> {
  const migrationsList = readMigrations();
  try {
    return await withSchemaEngine(url, async (engine) => {
      const result = await engine.applyMigrations({ migrationsList, filters: NO_FILTERS });
      return result.appliedMigrationNames;
    });
  } catch (error) {
    // The engine tells it in words, with a stack of its own.
    const [denied] =
      /(?:permission denied|must be (?:owner|superuser)) [^\n]+/.exec((error as Error).message) ?? [];
    if (denied === undefined) throw error;
    throw new MigrationError(
      `PostgreSQL refuses the migrations: ${denied}. Remedy: ALTER DATABASE <name> OWNER TO <the user of DATABASE_URL>`,
    );
  }
}

/**
 * What comes after all of ours is of a newer version, which only added: an older one may run beside it. Returns the names
 * of these. Throws MigrationError.
 */
export function refuseOthers(
  done: ReadonlyMap<string, string>,
  wanted: ReadonlyMap<string, string>,
): string[] {
  const newest = [...wanted.keys()].sort().at(-1) ?? '';
  for (const [name, checksum] of done) {
    if (name > newest || wanted.get(name) === checksum) continue;
    const what = wanted.has(name) ? 'was changed after' : 'is missing, though';
    throw new MigrationError(
      `The migration ${name} ${what} it was applied. Remedy: put it back as it was and write a further one; a database without data of worth can be dropped instead`,
    );
  }
  return [...done.keys()].filter((name) => name > newest);
}
