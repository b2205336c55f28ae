import '../shared/environment.ts';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildIfStale } from '../shared/build.ts';
import { fail, readOptions, run } from '../shared/console.ts';
import { onDatabase, prepareDatabase } from '../shared/database.ts';
import { isReachable, SERVERS } from '../shared/servers.ts';

// npm run prisma:migrate -- --name add-refunds
await run(async () => {
  const values = readOptions({ name: { type: 'string' } });
  const name = values.name ?? fail('A migration needs a name: npm run prisma:migrate -- --name add-refunds');
  if (!/^[a-z0-9]+([-_][a-z0-9]+)*$/.test(name))
    fail(`"${name}" is no good name: use words like add-refunds.`);
  const { url, remedy } = SERVERS.postgres;
  if (!(await isReachable(url))) fail(`No PostgreSQL answers at ${new URL(url).host}. Remedy: ${remedy}`);
  await buildIfStale();

  const { MIGRATIONS_DIR } = await import('@order-system/prisma/migration-files');
  const { diffToSchema } = await import('@order-system/prisma/write-migration');
  const script = await onDatabase(url, () => diffToSchema(url));
  if (script === undefined) {
    console.log('The migrations already make what the schema describes: there is nothing to write.');
    return;
  }
  const folder = `${timestamp()}_${name.replaceAll('-', '_')}`;
  mkdirSync(join(MIGRATIONS_DIR, folder), { recursive: true });
  writeFileSync(join(MIGRATIONS_DIR, folder, 'migration.sql'), script);
  console.log(`Wrote libs/prisma/migrations/${folder}/migration.sql`);
  const losses = script.match(/^.*\bDROP (?:TABLE|COLUMN)\b.*$/gm) ?? [];
  if (losses.length > 0)
    fail(
      `It was not applied, for it loses data:\n${losses.join('\n')}\nRemedy: when that is meant, npm run prisma:deploy`,
    );
  const applied = await prepareDatabase(url);
  console.log(`Applied ${applied.join(', ')} to ${new URL(url).pathname.slice(1)}.`);
  console.log('Read the file before you commit it. To change it, drop this database, which has it as it is.');
});

function timestamp(): string {
  return new Date().toISOString().replaceAll(/\D/g, '').slice(0, 14);
}
