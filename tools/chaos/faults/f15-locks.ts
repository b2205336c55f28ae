import { setTimeout as pause } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import type { Fault, Rig } from '../fault.ts';
import { newProduct } from '../new-product.ts';

/** Longer than a request may take. */
const HELD_MS = 15_000;
const DEADLOCKS = 10;

/** Tables that every purchase writes to. */
const LOCKED = ['catalog.product', 'events.outbox'];

export const f15: Fault = {
  id: 'F15',
  title: 'somebody holds locks on the stock, then on the outbox, and takes locks in the wrong order',
  async inject(rig) {
    for (const table of LOCKED)
      await inTransaction(rig, async (client) => {
        await client.query(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
        await pause(HELD_MS);
      });
    await rig.normal();
    await deadlocks(rig);
  },
  async check({ db }) {
    const { rows } = await db.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return rows.map(({ pid }) => `connection ${pid} still waits for a lock`);
  },
};

/** Buyers of two products, and somebody who changes both in the other order: PostgreSQL gives one of them up. */
async function deadlocks(rig: Rig): Promise<void> {
  const ids = (await Promise.all([newProduct(rig), newProduct(rig)])).sort();
  const buyers = await Promise.all(Array.from({ length: DEADLOCKS }, () => rig.shopper()));
  const before = await deadlocksSoFar(rig);
  for (const buyer of buyers) {
    const [first, second] = ids;
    const meddling = inTransaction(rig, async (client) => {
      await client.query('UPDATE catalog.product SET updated_at = updated_at WHERE id = $1', [second]);
      await pause(100);
      await client.query('UPDATE catalog.product SET updated_at = updated_at WHERE id = $1', [first]);
    }).catch((error: Error) => rig.log(`the one who meddles gave way: ${error.message}`));
    await buyer.place({ items: [first!, second!].map((productId) => ({ productId, quantity: 1 })) });
    await meddling;
  }
  const count = (await deadlocksSoFar(rig)) - before;
  if (count === 0) throw new Error('nobody got into a deadlock');
  rig.log(`${count} deadlocks`);
}

async function deadlocksSoFar({ db }: Rig): Promise<number> {
  await db.query('SELECT pg_stat_force_next_flush()');
  const { rows } = await db.query<{ deadlocks: string }>(
    'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()',
  );
  return Number(rows[0]?.deadlocks);
}

async function inTransaction({ db }: Rig, work: (client: PoolClient) => Promise<void>): Promise<void> {
  const client = await db.connect();
  try {
    await client.query('BEGIN');
    await work(client);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}
