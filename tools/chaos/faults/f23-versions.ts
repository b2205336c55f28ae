import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { APPS } from '../../start/plan.ts';
import type { Fault, Rig } from '../fault.ts';

const NEXT = pathToFileURL(`${import.meta.dirname}/../next-version.mjs`).href;
const COLUMN = 'added_later';
const TRIES = 20;

let violations: string[] = [];

/** The migration comes first, as with an upgrade; then each service meets each other in both versions. */
export const f23: Fault = {
  id: 'F23',
  title: 'a migration of each table under load, and services of this version beside those of the next',
  async inject(rig) {
    violations = [];
    const tables = await tablesOf(rig);
    for (const table of tables) await alter(rig, table, `ADD COLUMN ${COLUMN} text NOT NULL DEFAULT 'next'`);
    rig.log(`${tables.length} tables have a column more`);
    for (const newer of [0, 1]) {
      for (const [index, service] of APPS.entries())
        await rig.restart(service, index % 2 === newer ? { NODE_OPTIONS: `--import=${NEXT}` } : {});
      await pause((rig.seconds * 1000) / 2);
    }
    for (const service of APPS) await rig.restart(service, {});
    for (const table of tables) await alter(rig, table, `DROP COLUMN ${COLUMN}`);
    await newerEvents(rig);
  },
  check: async () => violations,
};

async function tablesOf({ db }: Rig): Promise<string[]> {
  const { rows } = await db.query<{ name: string }>(`
    SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'public')`);
  return rows.map(({ name }) => name);
}

/** Whoever waits for a table keeps all others from it, so nobody waits long. */
async function alter({ db }: Rig, table: string, how: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1)
    try {
      return void (await db.query(
        `SET lock_timeout = '1s'; ALTER TABLE ${table} ${how}; RESET lock_timeout`,
      ));
    } catch (error) {
      if (attempt === TRIES) throw error;
      await pause(100);
    }
}

/** Otherwise nothing was tried. */
async function newerEvents({ db, log }: Rig): Promise<void> {
  const { rows } = await db.query<{ type: string; events: number }>(`
    SELECT split_part(type, '.', 1) AS type, count(*)::int AS events FROM events.event
    WHERE data ? 'addedLater' GROUP BY 1 ORDER BY 1`);
  log(`events of the next version: ${rows.map(({ type, events }) => `${events} of ${type}`).join(', ')}`);
  for (const type of ['order', 'payment', 'notification'])
    if (!rows.some((row) => row.type === type))
      violations.push(`no event of ${type} was of the next version`);
}
