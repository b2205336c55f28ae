import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Database, type Statements } from './database.js';
import { withClient } from './migrate.js';
import { type Sql, sql } from './sql.js';
import { createTestDatabase, type TestDatabase } from './testing/test-database.js';

let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  db = new Database({ url: database.url, service: 'orders' });
});
afterAll(async () => {
  await db.close();
  await database.drop();
});

describe('a transaction', () => {
  it('runs again when its connection breaks between two statements, and the process goes on', async () => {
    let attempts = 0;
    const answer = await db.inTx(async (tx) => {
      attempts += 1;
      const [own] = await tx.query<{ pid: number }>(sql`SELECT pg_backend_pid() AS pid`);
      if (attempts === 1) await terminate(database.url, own!.pid);
      return tx.query(sql`SELECT 1 AS one`);
    });
    expect({ attempts, answer }).toEqual({ attempts: 2, answer: [{ one: 1 }] });
  });

  it('fails when it is rolled back, also when its work has swallowed why', async () => {
    const hint = jest.fn();
    const swallowing = db.inTx(async (tx) => {
      tx.afterCommit(hint);
      await tx.query(sql`SELECT 1 / 0`).catch(() => undefined);
    });
    await expect(swallowing).rejects.toThrow('rolled back');
    expect(hint).not.toHaveBeenCalled();
  });
});

describe('a statement by key', () => {
  const plansOf = async (on: Statements, statement: Sql) =>
    on.query<{ once: number; anew: number }>(sql`
      SELECT generic_plans AS once, custom_plans AS anew FROM pg_prepared_statements WHERE name = ${statement.name}`);
  const byKey = () => sql`SELECT FROM orders."order" WHERE number = ANY(${[1, 2]}::int[])`;

  it('is planned once for all values, also when a plan for its own would be cheaper; a search is not', async () => {
    // One after the other, so on one connection.
    for (let count = 0; count < 10; count += 1) {
      await db.query(byKey());
      await db.searches.query(byKey());
    }
    expect(await plansOf(db, byKey())).toEqual([{ once: 10, anew: 0 }]);
    const [search] = await plansOf(db.searches, byKey());
    expect(search!.anew).toBeGreaterThanOrEqual(5);
  });
});

/** Ends a connection from the server's side; resolves when it is gone. */
async function terminate(url: string, pid: number): Promise<void> {
  await withClient(url, async (client) => {
    await client.query('SELECT pg_terminate_backend($1)', [pid]);
    for (let left = 1; left > 0;)
      left = (await client.query('SELECT FROM pg_stat_activity WHERE pid = $1', [pid])).rowCount ?? 0;
  });
}
