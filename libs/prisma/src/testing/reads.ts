import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from 'pg';
import { Database } from '../database.js';
import { withClient } from '../migrate.js';

export interface Reads {
  rows: number;
  /** Of 8 kB, of the disk or of the cache. */
  blocks: number;
  /** Of whole tables. */
  scans: number;
}

interface On {
  url: string;
  service: string;
  tables: readonly string[];
}

/**
 * What work makes PostgreSQL read of the tables named (`schema.table`), on connections of its own in a database that is
 * nobody else's.
 */
export async function readsOf<T>(
  { url, service, tables }: On,
  work: (db: Database) => Promise<T>,
): Promise<{ result: T; read: Reads }> {
  return withClient(url, async (client) => {
    const before = await countReads(client, tables);
    const db = new Database({ url, service });
    const result = await work(db).finally(() => db.close());
    await untilAlone(client);
    const after = await countReads(client, tables);
    const read = {
      rows: after.rows - before.rows,
      blocks: after.blocks - before.blocks,
      scans: after.scans - before.scans,
    };
    return { result, read };
  });
}

/** The same for work whose statements were planned while the tables were empty, and which is done again once they are full. */
export const readsOfGrown = <T>(on: On, fill: string, work: (db: Database) => Promise<T>) =>
  readsOf(on, async (db) => {
    await work(db);
    await withClient(on.url, (client) => client.query(fill));
    return work(db);
  });

async function countReads(client: Client, tables: readonly string[]): Promise<Reads> {
  const { rows } = await client.query<Reads>(
    `SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int AS rows, sum(seq_scan)::int AS scans,
       sum(heap_blks_read + heap_blks_hit + coalesce(idx_blks_read + idx_blks_hit, 0))::int AS blocks
     FROM pg_stat_user_tables t JOIN pg_statio_user_tables USING (relid)
     WHERE t.schemaname || '.' || t.relname = ANY($1)`,
    [tables],
  );
  return rows[0]!;
}

/** A connection tells what it did when it ends, which is a little later than its client has left. */
async function untilAlone(client: Client): Promise<void> {
  for (let others = 1; others > 0; await pause(20)) {
    const { rowCount } = await client.query(
      `SELECT FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`,
    );
    others = rowCount ?? 0;
  }
}
