import { randomUUID } from 'node:crypto';
import { createDatabaseIfMissing, withClient, withDatabase } from './migrate.js';
import { readMigrations, readSchema, SCHEMA_DIR } from './migration-files.js';
import { NO_FILTERS, withSchemaEngine } from './schema-engine.js';

/**
 * The SQL that leads from the migrations folder to the schema folder, undefined when there is no difference. The
 * migrations are applied to a scratch database on the same server, which is removed again.
 */
export async function diffToSchema(server: string): Promise<string | undefined> {
  const name = `scratch_${randomUUID().replaceAll('-', '')}`;
  const scratch = withDatabase(server, name);
  const schema = readSchema();
  await createDatabaseIfMissing(scratch);
  try {
    return await withSchemaEngine(
      scratch,
      async (engine) => {
        await engine.applyMigrations({ migrationsList: readMigrations(), filters: NO_FILTERS });
        const { exitCode, stdout } = await engine.diff({
          from: { tag: 'schemaDatasource', configDir: SCHEMA_DIR, ...schema },
          to: { tag: 'schemaDatamodel', ...schema },
          script: true,
          exitCode: true,
          filters: NO_FILTERS,
        });
        return exitCode === 0 ? undefined : (stdout ?? undefined);
      },
      schema,
    );
  } finally {
    await withClient(withDatabase(server, 'postgres'), (client) =>
      client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
    );
  }
}
