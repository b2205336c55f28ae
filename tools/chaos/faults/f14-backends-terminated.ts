import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from '../fault.ts';

const EVERY_MS = 1_000;
const AT_A_TIME = 3;

export const f14: Fault = {
  id: 'F14',
  title: 'connections to PostgreSQL are ended every second, at any moment',
  async inject({ db, seconds, random, log }) {
    let ended = 0;
    for (const until = Date.now() + seconds * 1_000; Date.now() < until; await pause(EVERY_MS)) {
      const { rows } = await db.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity
         WHERE datname = current_database() AND application_name <> 'chaos' ORDER BY pid`,
      );
      for (let count = 0; count < AT_A_TIME && rows.length > 0; count += 1) {
        const [{ pid } = { pid: 0 }] = rows.splice(random.below(rows.length), 1);
        await db.query('SELECT pg_terminate_backend($1)', [pid]);
        ended += 1;
      }
    }
    log(`ended ${ended} connections`);
  },
  async check({ db }) {
    const { rows } = await db.query<{ pid: number; query: string }>(
      `SELECT pid, query FROM pg_stat_activity
       WHERE datname = current_database() AND state LIKE 'idle in transaction%'
         AND state_change < now() - interval '2 seconds'`,
    );
    return rows.map(({ pid, query }) => `connection ${pid} sits in a transaction, after: ${query}`);
  },
};
