import { createHash, randomUUID } from 'node:crypto';
import { createDatabaseIfMissing, migrate, withClient, withDatabase } from '../migrate.js';
import { migrationChecksums, readMigrations } from '../migration-files.js';
import { SHARED_TABLES } from '../roles.js';

const TEMPLATE_LOCK = 7_316_403;

export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/**
 * A migrated database of its own for one test file, cloned in tens of milliseconds from a template. The template
 * is made once per state of the migrations, and used again by the next runs. `TEST_RUN` marks the names, so that
 * a run can remove all it made.
 */
export async function createTestDatabase(server = serverUrl()): Promise<TestDatabase> {
  const admin = withDatabase(server, 'postgres');
  const template = await ensureTemplate(admin);
  const name = `${prefix()}_${randomUUID().replaceAll('-', '').slice(0, 16)}`;
  await withClient(admin, (client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`));
  return { url: withDatabase(server, name), drop: () => dropDatabase(admin, name) };
}

/** Removes every test database whose name starts so; for the end of a run. */
export async function dropTestDatabases(server: string, run: string): Promise<void> {
  const admin = withDatabase(server, 'postgres');
  const names = await withClient(admin, async (client) => {
    const found = await client.query<{ datname: string }>(
      'SELECT datname FROM pg_database WHERE starts_with(datname, $1)',
      [`test_${run}_`],
    );
    return found.rows.map((row) => row.datname);
  });
  for (const name of names) await dropDatabase(admin, name);
}

function serverUrl(): string {
  return process.env['DATABASE_URL'] ?? 'postgresql://postgres:postgres@localhost:5432/order_system';
}

function prefix(): string {
  return `test_${process.env['TEST_RUN'] ?? 'any'}`;
}

async function ensureTemplate(admin: string): Promise<string> {
  const name = `${prefix()}_template_${migrationsHash()}`;
  await withClient(admin, async (client) => {
    if (await isReady(client, name)) return;
    await client.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    if (await isReady(client, name)) return;
    // A template that was begun and not finished is made anew.
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    const url = withDatabase(admin, name);
    await createDatabaseIfMissing(url);
    await migrate(url);
    // Nobody may connect from here on: CREATE DATABASE .. TEMPLATE refuses a source that is in use.
    await client.query(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS false`);
  });
  return name;
}

async function isReady(client: Parameters<Parameters<typeof withClient>[1]>[0], name: string) {
  const { rowCount } = await client.query(
    'SELECT 1 FROM pg_database WHERE datname = $1 AND NOT datallowconn',
    [name],
  );
  return rowCount === 1;
}

function migrationsHash(): string {
  const state = JSON.stringify([[...migrationChecksums(readMigrations())], SHARED_TABLES]);
  return createHash('sha256').update(state).digest('hex').slice(0, 12);
}

async function dropDatabase(admin: string, name: string): Promise<void> {
  await withClient(admin, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
}
