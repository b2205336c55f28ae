import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Service, SERVICES } from '@order-system/contracts/services';
import { createDatabaseIfMissing, migrate, MigrationError, withClient, withDatabase } from './migrate.js';
import { roleOf } from './roles.js';
import { MigrationAdapter } from './migration-adapter.js';
import { readMigrations } from './migration-files.js';
import { startPooler } from './testing/pooler.js';
import { createTestDatabase, type TestDatabase } from './testing/test-database.js';
import { diffToSchema } from './write-migration.js';

describe('a migrated database', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  const as = (service: Service) => `${database.url}?options=-c%20role%3D${roleOf(service)}`;

  it('has every migration, in the table that Prisma also uses', async () => {
    const { rows } = await withClient(database.url, (client) =>
      client.query<{ name: string }>('SELECT migration_name AS name FROM _prisma_migrations ORDER BY 1'),
    );
    expect(rows.map((row) => row.name)).toEqual(readMigrations().migrationDirectories.map((dir) => dir.path));
  });

  it('is what the schema folder describes', async () => {
    await expect(diffToSchema(database.url)).resolves.toBeUndefined();
  });

  it('is left alone by a second migration', async () => {
    await expect(migrate(database.url)).resolves.toEqual({ applied: [], newer: [] });
  });

  it.each(SERVICES)('lets %s into its own schema and no other', async (service) => {
    const { rows } = await withClient(as(service), (client) =>
      client.query<{ schema: string }>(
        `SELECT DISTINCT schemaname AS schema FROM pg_tables
         WHERE schemaname = ANY($1) AND has_schema_privilege(schemaname, 'USAGE')
           AND has_table_privilege(format('%I.%I', schemaname, tablename), 'SELECT')
         ORDER BY 1`,
        [SERVICES],
      ),
    );
    const seen = rows.map((row) => row.schema);
    expect([service, 'events']).toEqual(expect.arrayContaining(seen));
    expect(seen).toContain('events');
  });

  it.each(SERVICES)('lets nobody change or remove an event, not even %s', async (service) => {
    await withClient(as(service), async (client) => {
      for (const statement of [
        'UPDATE events.event SET data = data',
        'DELETE FROM events.event',
        'TRUNCATE events.event',
      ])
        await expect(client.query(statement)).rejects.toMatchObject({ code: '42501' });
    });
  });

  it.each(['infinity', '-infinity', '0001-01-01 BC', '9999-12-31 23:59:59.9996+00'])(
    'takes no event of %s, which nobody could be told of',
    async (time) => {
      const insert = `
        INSERT INTO events.event (id, type, schema_version, aggregate_type, aggregate_id, aggregate_version, data, actor,
          correlation_id, occurred_at)
        VALUES (gen_random_uuid(), 'test.done', 1, 'test', gen_random_uuid(), 1, '{}', '{}', 'c', $1)`;
      await withClient(as('orders'), async (client) => {
        await expect(client.query(insert, [time])).rejects.toMatchObject({ code: '23514' });
        for (const readable of ['0001-01-01 00:00:00+00', '9999-12-31 23:59:59.999+00'])
          await client.query(insert, [readable]);
      });
    },
  );

  it('lets nobody change or remove what is in the ledger of the stock, not even the catalogue', async () => {
    await withClient(as('catalog'), async (client) => {
      await client.query('SELECT FROM catalog.stock_movement');
      for (const statement of [
        'UPDATE catalog.stock_movement SET quantity = quantity',
        'DELETE FROM catalog.stock_movement',
        'TRUNCATE catalog.stock_movement',
      ])
        await expect(client.query(statement)).rejects.toMatchObject({ code: '42501' });
    });
  });
});

it('finds its database there without a right to any other', async () => {
  const { url, drop } = await createTestDatabase();
  const role = `only_${new URL(url).pathname.slice(1)}`;
  const asRole = Object.assign(new URL(url), { username: role, password: 'Secret123' }).href;
  try {
    await withClient(url, (client) => client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'Secret123'`));
    expect(await createDatabaseIfMissing(asRole)).toBe(false);
    await expect(createDatabaseIfMissing(withDatabase(asRole, `${role}_2`))).rejects.toThrow(
      'permission denied',
    );
  } finally {
    await withClient(url, (client) => client.query(`DROP ROLE IF EXISTS ${role}`));
    await drop();
  }
});

it('needs no more than to own its database, wherever its tables would be looked for', async () => {
  const { url, drop } = await createTestDatabase();
  const own = `owner_${new URL(url).pathname.slice(1)}`;
  const bare = withDatabase(url, own);
  const asOwner = Object.assign(new URL(bare), { username: own, password: 'Secret123' }).href;
  const asAdmin = (...statements: string[]) =>
    withClient(url, async (client) => {
      for (const statement of statements) await client.query(statement);
    });
  try {
    await createDatabaseIfMissing(bare);
    await asAdmin(
      `CREATE ROLE ${own} LOGIN PASSWORD 'Secret123'`,
      `GRANT ${SERVICES.map(roleOf).join(', ')} TO ${own}`,
      `GRANT CREATE ON DATABASE ${own} TO ${own}`,
    );
    const refused = migrate(asOwner);
    await expect(refused).rejects.toThrow(MigrationError);
    await expect(refused).rejects.toThrow(/permission denied for schema public\. Remedy: .*OWNER/);
    await asAdmin(`ALTER DATABASE ${own} OWNER TO ${own}`, `ALTER ROLE ${own} SET search_path = nowhere`);
    expect((await migrate(asOwner)).applied).toHaveLength(readMigrations().migrationDirectories.length);
    await expect(migrate(asOwner)).resolves.toEqual({ applied: [], newer: [] });
  } finally {
    await asAdmin(`DROP DATABASE IF EXISTS ${own} WITH (FORCE)`, `DROP ROLE IF EXISTS ${own}`);
    await drop();
  }
});

it('migrates once when many start at the same time', async () => {
  const { url, drop } = await createTestDatabase();
  const fresh = withDatabase(url, `${new URL(url).pathname.slice(1)}_fresh`);
  try {
    const created = await Promise.all([1, 2, 3].map(() => createDatabaseIfMissing(fresh)));
    expect(created.filter(Boolean)).toHaveLength(1);
    const applied = await Promise.all([1, 2, 3].map(() => migrate(fresh)));
    expect(applied.flatMap((one) => one.applied)).toEqual(
      readMigrations().migrationDirectories.map((dir) => dir.path),
    );
  } finally {
    await withClient(url, (client) =>
      client.query(`DROP DATABASE IF EXISTS ${new URL(fresh).pathname.slice(1)} WITH (FORCE)`),
    );
    await drop();
  }
});

it('says for whom it waits, and goes on when that one is done', async () => {
  const { url, drop } = await createTestDatabase();
  try {
    let migrating: Promise<unknown> | undefined;
    await withClient(url, async (other) => {
      const { rows } = await other.query('SELECT pg_backend_pid() AS pid, pg_advisory_lock(7316402)');
      const told = new Promise<number>((resolve) => (migrating = migrate(url, resolve)));
      expect(await told).toBe(rows[0].pid);
    });
    await expect(migrating).resolves.toEqual({ applied: [], newer: [] });
  } finally {
    await drop();
  }
});

it('makes a database for any text, and takes no other', async () => {
  const { url, drop } = await createTestDatabase();
  const own = new URL(url).pathname.slice(1);
  const [made, other] = ['made', 'other'].map((name) => `${own}_${name}`) as [string, string];
  try {
    await createDatabaseIfMissing(withDatabase(url, made));
    await withClient(withDatabase(url, made), async (client) =>
      expect((await client.query('SHOW server_encoding')).rows).toEqual([{ server_encoding: 'UTF8' }]),
    );
    await withClient(url, (client) =>
      client.query(`CREATE DATABASE ${other} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0`),
    );
    const refused = migrate(withDatabase(url, other));
    await expect(refused).rejects.toThrow(MigrationError);
    await expect(refused).rejects.toThrow(/LATIN1, not UTF8.*Remedy/);
  } finally {
    await withClient(url, async (client) => {
      for (const name of [made, other]) await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    });
    await drop();
  }
});

it.each([
  ['refuses', 'unsupported startup parameter: options'],
  ['leaves out', 'it leaves out the settings of a connection'],
] as const)('is not for a pooler that %s what the services set for a connection', async (how, why) => {
  const database = await createTestDatabase();
  const pooler = await startPooler(database.url, how);
  await expect(migrate(pooler.url)).rejects.toThrow(
    new MigrationError(
      `What answers at DATABASE_URL is a pooler, which the services cannot use: ${why}. Remedy: set DATABASE_URL to PostgreSQL itself`,
    ),
  );
  await pooler.stop();
  await database.drop();
});

it('says which migrations are of a newer version', async () => {
  const { url, drop } = await createTestDatabase();
  try {
    await withClient(url, (client) =>
      client.query(`
        INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at)
        VALUES ('later', 'c', '99990101000000_later', now())`),
    );
    await expect(migrate(url)).resolves.toEqual({ applied: [], newer: ['99990101000000_later'] });
  } finally {
    await drop();
  }
});

describe('a migration that was interrupted', () => {
  const TITLES = 'titles_of_orders_are_searched';
  const OF_TITLES = `indexrelid = 'orders.order_line_title_trgm'::regclass`;
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(() => database.drop());

  it('is done again, with the index that was being made', async () => {
    await withClient(database.url, async (client) => {
      const isTitlesValid = async () =>
        (await client.query(`SELECT indisvalid FROM pg_index WHERE ${OF_TITLES}`)).rows[0].indisvalid;
      await client.query(`UPDATE pg_index SET indisvalid = false WHERE ${OF_TITLES}`);
      await expect(migrate(database.url)).resolves.toMatchObject({ applied: [] });
      expect(await isTitlesValid()).toBe(false);
      await client.query(
        `UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name LIKE '%${TITLES}'`,
      );
      const { applied } = await migrate(database.url);
      expect(applied).toEqual([expect.stringContaining(TITLES)]);
      expect(await isTitlesValid()).toBe(true);
    });
    await expect(migrate(database.url)).resolves.toEqual({ applied: [], newer: [] });
  });

  it('has happened as a whole and is marked, or not at all', async () => {
    const adapter = new MigrationAdapter(database.url);
    const connection = await adapter.connect();
    const tryOut = (script: string) =>
      withClient(database.url, async (client) => {
        await client.query(
          `INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES (gen_random_uuid(), 'c', 'one')`,
        );
        const refusal: unknown = await connection.executeScript(script).catch((error: unknown) => error);
        const { rows } = await client.query(
          `DELETE FROM _prisma_migrations WHERE migration_name = 'one'
           RETURNING finished_at IS NOT NULL AS "isMarked", to_regclass('public.half') IS NOT NULL AS "isThere"`,
        );
        return { isRefused: refusal !== undefined, ...rows[0] };
      });
    const refused = await tryOut('CREATE TABLE public.half (); SELECT 1 / 0');
    expect(refused).toEqual({ isRefused: true, isMarked: false, isThere: false });
    const done = await tryOut('CREATE TABLE public.half (); -- whole');
    expect(done).toEqual({ isRefused: false, isMarked: true, isThere: true });
    await connection.dispose();
    await adapter.close();
  });
});

it('does not take a changed migration for the one that was applied', async () => {
  const { url, drop } = await createTestDatabase();
  try {
    await withClient(url, (client) =>
      client.query(`UPDATE _prisma_migrations SET checksum = 'of what it was before the change'`),
    );
    await expect(migrate(url)).rejects.toThrow(MigrationError);
  } finally {
    await drop();
  }
});
