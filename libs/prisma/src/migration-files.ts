import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MigrationList, SchemasContainer } from '@prisma/schema-engine-wasm';

/** Where the schema files and the migrations lie; the same from the sources and from the build. */
export const SCHEMA_DIR = fileURLToPath(new URL('../schema/', import.meta.url));
export const MIGRATIONS_DIR = fileURLToPath(new URL('../migrations/', import.meta.url));

/** The migrations folder in the form the engine takes. */
export function readMigrations(): MigrationList {
  const names = readdirSync(MIGRATIONS_DIR, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  return {
    baseDir: MIGRATIONS_DIR,
    lockfile: {
      path: 'migration_lock.toml',
      content: contentOf(join(MIGRATIONS_DIR, 'migration_lock.toml')),
    },
    shadowDbInitScript: '',
    migrationDirectories: names.map((name) => ({
      path: name,
      migrationFile: {
        path: 'migration.sql',
        content: { tag: 'ok', value: readFileSync(join(MIGRATIONS_DIR, name, 'migration.sql'), 'utf8') },
      },
    })),
  };
}

/** Each migration's name and the checksum that `_prisma_migrations` keeps of it. */
export function migrationChecksums(list: MigrationList): Map<string, string> {
  return new Map(
    list.migrationDirectories.map(({ path, migrationFile: { content } }) => [
      path,
      createHash('sha256')
        .update(content.tag === 'ok' ? content.value : '')
        .digest('hex'),
    ]),
  );
}

/** The Prisma schema folder in the form the engine takes. */
export function readSchema(): SchemasContainer {
  const files = readdirSync(SCHEMA_DIR).filter((name) => name.endsWith('.prisma'));
  return {
    files: files.sort().map((path) => ({ path, content: readFileSync(join(SCHEMA_DIR, path), 'utf8') })),
  };
}

function contentOf(path: string): string | null {
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}
