import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Database, type Statements, type Tx } from './database.js';
import { withClient } from './migrate.js';
import { type Sql, sql } from './sql.js';
import { isDisconnected } from './sql-errors.js';
import { readsOfGrown } from './testing/reads.js';
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

  it.each(['serialization_failure', 'deadlock_detected'])(
    'runs again after a conflict (%s), up to five times',
    async (conflict) => {
      const attemptsOf = async (conflicts: number) => {
        let attempts = 0;
        const work = db.inTx(async (tx) => {
          attempts += 1;
          if (attempts <= conflicts) await raise(tx, conflict);
        });
        return [await work.catch(({ code }: { code: string }) => code), attempts];
      };
      expect(await attemptsOf(4)).toEqual([undefined, 5]);
      expect(await attemptsOf(9)).toEqual([expect.stringMatching(/40001|40P01/), 5]);
    },
  );

  it('runs three times while the database is not available', async () => {
    let attempts = 0;
    const work = db.inTx(async (tx) => {
      attempts += 1;
      await raise(tx, 'query_canceled');
    });
    await expect(work).rejects.toMatchObject({ code: '57014' });
    expect(attempts).toBe(3);
  });

  it('does not run again when its connection breaks in COMMIT: nobody knows what became of it', async () => {
    let attempts = 0;
    const work = db.inTx(async (tx) => {
      attempts += 1;
      const [own] = await tx.query<{ pid: number }>(sql`SELECT pg_backend_pid() AS pid`);
      tx.defer(() => {
        void terminate(database.url, own!.pid);
        return sql`SELECT pg_sleep(4)`;
      });
    });
    await expect(work).rejects.toMatchObject({ code: '57P01' });
    expect(attempts).toBe(1);
  });

  it('gives its connection back, whatever has become of that', async () => {
    const one = new Database({ url: database.url, service: 'orders', poolSize: 1 });
    const work = one.inTx(async (tx) => {
      const [own] = await tx.query<{ pid: number }>(sql`SELECT pg_backend_pid() AS pid`);
      await terminate(database.url, own!.pid);
      throw new Error('changed my mind');
    });
    await expect(work).rejects.toThrow('changed my mind');
    expect(await one.query(sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
    await one.close();
  });

  it('does not wait for an answer that does not come, and throws that connection away', async () => {
    let attempts = 0;
    const from = performance.now();
    await db.inTx(async (tx) => {
      attempts += 1;
      if (attempts > 1) return;
      await tx.execute(sql`SET LOCAL statement_timeout = 0`);
      await tx.query(sql`SELECT pg_sleep(30)`);
    });
    expect(attempts).toBe(2);
    expect(performance.now() - from).toBeLessThan(11_000);
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

it('sends times as they are wherever it runs', async () => {
  const local = [jest.spyOn(Date.prototype, 'getFullYear'), jest.spyOn(Date.prototype, 'getHours')];
  for (const part of local) part.mockReturnValue(0);
  const at = new Date('0001-01-01T00:00:00.000Z');
  const read = await db.query(sql`SELECT extract(epoch FROM ${at}::timestamptz)::bigint * 1000 AS at`);
  for (const part of local) part.mockRestore();
  expect(read).toEqual([{ at: at.getTime() }]);
});

it('works the same whatever the server is set to', async () => {
  const [row] = await db.query<{ name: string }>(sql`SELECT current_database() AS name`);
  const set = (what: string) =>
    withClient(database.url, (client) => client.query(`ALTER DATABASE ${row!.name} ${what}`));
  await set("SET datestyle = 'SQL, DMY'");
  await set('SET default_transaction_isolation = serializable');
  const one = new Database({ url: database.url, service: 'orders', poolSize: 1 });
  const at = new Date('2026-02-01T09:30:00.123Z');
  const read = await one.query(
    sql`SELECT ${at}::timestamptz AS at, current_setting('transaction_isolation') AS isolation`,
  );
  await one.close();
  await set('RESET ALL');
  expect(read).toEqual([{ at, isolation: 'read committed' }]);
});

describe.each(['query', 'relaxed', 'searches'] as const)('a connection (%s)', (kind) => {
  const on = () => (kind === 'query' ? db : db[kind]);

  it('reaches nothing of another service, and holds nobody up for long', async () => {
    await expect(on().query(sql`SELECT FROM auth."user"`)).rejects.toMatchObject({ code: '42501' });
    const settings = await on().query(sql`
      SELECT current_user AS role, current_setting('TimeZone') AS zone, current_setting('statement_timeout') AS statement,
        current_setting('lock_timeout') AS lock, current_setting('idle_in_transaction_session_timeout') AS idle,
        current_setting('synchronous_commit') AS waits`);
    expect(settings).toEqual([
      {
        role: 'svc_orders',
        zone: 'UTC',
        statement: '5s',
        lock: '2s',
        idle: '10s',
        waits: kind === 'relaxed' ? 'off' : 'on',
      },
    ]);
  });
});

it('nobody waits for long for a connection while others have them all', async () => {
  const one = new Database({ url: database.url, service: 'orders', poolSize: 1 });
  await one.inTx(async () => {
    const error: unknown = await one.query(sql`SELECT 1`).catch((e: unknown) => e);
    expect(isDisconnected(error)).toBe(true);
  });
  await one.close();
});

describe.each([
  ['nothing listens there', (url: URL) => (url.port = '1')],
  ['there is no such host', (url: URL) => (url.hostname = 'nowhere.invalid')],
  ['there is no such database', (url: URL) => (url.pathname = '/nowhere')],
  ['nobody has that name', (url: URL) => (url.username = 'nobody_of_this_name')],
  ['TLS is asked for in vain', (url: URL) => url.searchParams.set('sslmode', 'verify-full')],
])('a connection that cannot be had, since %s,', (_why, spoil) => {
  it.each([
    ['a statement', (one: Database) => one.query(sql`SELECT 1`)],
    ['a transaction', (one: Database) => one.inTx((tx) => tx.query(sql`SELECT 1`))],
    ['a search', (one: Database) => one.searches.query(sql`SELECT 1`)],
    ['a read', ({ prisma }: Database) => prisma.order.findFirst()],
  ])('is no fault of %s', async (_what, work) => {
    const url = new URL(database.url);
    spoil(url);
    const one = new Database({ url: url.href, service: 'orders' });
    const error: unknown = await work(one).catch((e: unknown) => e);
    await one.close();
    expect({ error, is: isDisconnected(error) }).toMatchObject({ is: true });
  });
});

it('takes its role and limits besides what the URL asks for', async () => {
  const url = new URL(database.url);
  url.searchParams.set('options', '-c geqo=off -c role=none');
  const one = new Database({ url: url.href, service: 'orders', poolSize: 1 });
  const settings = await one.query(
    sql`SELECT current_user AS role, current_setting('geqo') AS geqo, current_setting('TimeZone') AS zone`,
  );
  await one.close();
  expect(settings).toEqual([{ role: 'svc_orders', geqo: 'off', zone: 'UTC' }]);
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

  it('reads what has the key, also when it was planned while the tables were empty', async () => {
    const own = await createTestDatabase();
    await withClient(own.url, (client) =>
      client.query(`
        CREATE TABLE orders.sheet (id int PRIMARY KEY, next int, a text, b text, c text, d text, e text, f text, g text, h text);
        GRANT ALL ON orders.sheet TO svc_orders`),
    );
    const on = { url: own.url, service: 'orders', tables: ['orders.sheet'] };
    const fill = 'INSERT INTO orders.sheet SELECT n, n + 10 FROM generate_series(1, 5000) n';
    const { result, read } = await readsOfGrown(on, fill, (db) =>
      db.query(sql`
        SELECT n.id FROM orders.sheet s JOIN orders.sheet n ON n.id = s.next WHERE s.id = ANY(${[1, 2]}) ORDER BY n.id`),
    );
    await own.drop();
    expect(result).toEqual([{ id: 11 }, { id: 12 }]);
    expect(read.rows).toBe(4);
  });
});

const raise = (tx: Tx, condition: string) =>
  tx.query({ ...sql`DO`, text: `DO $$ BEGIN RAISE ${condition}; END $$`, name: condition });

/** Ends a connection from the server's side; resolves when it is gone. */
async function terminate(url: string, pid: number): Promise<void> {
  await withClient(url, async (client) => {
    await client.query('SELECT pg_terminate_backend($1)', [pid]);
    for (let left = 1; left > 0;)
      left = (await client.query('SELECT FROM pg_stat_activity WHERE pid = $1', [pid])).rowCount ?? 0;
  });
}
