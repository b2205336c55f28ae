import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import type { Fault, Rig } from '../fault.ts';

const EVERY_MS = 1_000;
/** Connections that the services lose each second, nearly all of them to somebody else. */
const ENDED = 20;
const TOO_MANY = '53300';

export const f16: Fault = {
  id: 'F16',
  title: 'somebody else takes nearly all connections that PostgreSQL has',
  async inject(rig) {
    const taken: Client[] = [];
    try {
      for (const until = Date.now() + rig.seconds * 1_000; Date.now() < until; await pause(EVERY_MS)) {
        await endSome(rig);
        await takeAll(rig, taken);
      }
      rig.log(`${taken.length} connections were taken, the services had ${await connectionsOf(rig)}`);
    } finally {
      await Promise.all(taken.map((client) => client.end().catch(() => undefined)));
    }
  },
};

/** Until PostgreSQL has no more. */
async function takeAll({ servers }: Rig, taken: Client[]): Promise<void> {
  for (;;) {
    const client = new Client({ connectionString: servers.postgres.url, application_name: 'chaos' });
    client.on('error', () => undefined);
    try {
      await client.connect();
    } catch (error) {
      if ((error as { code?: string }).code === TOO_MANY) return;
      throw error;
    }
    taken.push(client);
  }
}

const THEIRS = `FROM pg_stat_activity WHERE datname = current_database() AND application_name <> 'chaos'`;

async function endSome({ db }: Rig): Promise<void> {
  await db.query(
    `SELECT pg_terminate_backend(pid) FROM (SELECT pid ${THEIRS} ORDER BY random() LIMIT $1) AS c`,
    [ENDED],
  );
}

async function connectionsOf({ db }: Rig): Promise<number> {
  const { rows } = await db.query<{ count: number }>(`SELECT count(*)::int AS count ${THEIRS}`);
  return rows[0]?.count ?? 0;
}
