import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
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
    'runs again after a conflict (%s), up to six times',
    async (conflict) => {
      const attemptsOf = async (conflicts: number) => {
        let attempts = 0;
        const work = db.inTx(async (tx) => {
          attempts += 1;
          if (attempts <= conflicts) await raise(tx, conflict);
        });
        return [await work.catch(({ code }: { code: string }) => code), attempts];
      };
      expect(await attemptsOf(5)).toEqual([undefined, 6]);
      expect(await attemptsOf(9)).toEqual([expect.stringMatching(/40001|40P01/), 6]);
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

describe('what is sent together', () => {
  let one: Database;
  beforeAll(async () => {
    one = new Database({ url: database.url, service: 'orders', poolSize: 1 });
    await withClient(database.url, (client) =>
      client.query('CREATE TABLE orders.sheet (id int PRIMARY KEY); GRANT ALL ON orders.sheet TO svc_orders'),
    );
  });
  afterAll(() => one.close());

  const insert = (id: number) => sql`INSERT INTO orders.sheet VALUES (${id}) RETURNING id`;
  const stored = () => one.query(sql`SELECT id FROM orders.sheet ORDER BY id`);
  const rows = (...ids: number[]) => ids.map((id) => ({ id }));

  it('is answered together: BEGIN with the first statement, COMMIT with what was deferred', async () => {
    const answers = jest.spyOn(pg.Connection.prototype, 'sync');
    const told: unknown[] = [];
    const first = await one.inTx(async (tx) => {
      for (const id of [2, 3])
        tx.defer(
          () => insert(id),
          (inserted) => told.push(...inserted),
        );
      return tx.query(insert(1));
    });
    const count = answers.mock.calls.length;
    answers.mockRestore();
    expect({ count, first, told }).toEqual({ count: 2, first: rows(1), told: rows(2, 3) });
    expect(await stored()).toEqual(rows(1, 2, 3));
  });

  it('is done only up to what fails, is not committed, and can be sent again', async () => {
    const hint = jest.fn();
    const missing = sql`INSERT INTO orders.later VALUES (1)`;
    const behind = sql`SELECT id AS behind FROM orders.sheet WHERE id = ${1}`;
    const attempt = () =>
      one.inTx(async (tx) => {
        tx.afterCommit(hint);
        for (const statement of [insert(4), missing, behind]) tx.defer(() => statement, hint);
        await tx.execute(sql`DELETE FROM orders.sheet WHERE id = ${1}`);
      });
    await expect(attempt()).rejects.toMatchObject({ code: '42P01' });
    expect(hint).not.toHaveBeenCalled();
    expect(await stored()).toEqual(rows(1, 2, 3));
    // Neither the one that failed nor the one behind it counts as known to the connection.
    expect(await one.query(behind)).toEqual([{ behind: 1 }]);
    await withClient(database.url, (client) =>
      client.query('CREATE TABLE orders.later (id int); GRANT ALL ON orders.later TO svc_orders'),
    );
    await attempt();
    expect(hint).toHaveBeenCalledTimes(4);
    expect(await stored()).toEqual(rows(2, 3, 4));
  });

  it('is not sent any further when a value cannot be sent', async () => {
    const unsendable = {
      toPostgres: () => {
        throw new Error('not as text');
      },
    };
    const work = one.inTx(async (tx) => {
      await tx.execute(insert(5));
      tx.defer(() => sql`DELETE FROM orders.sheet WHERE id = ${unsendable}`);
    });
    await expect(work).rejects.toThrow('not as text');
    expect(await stored()).toEqual(rows(2, 3, 4));
  });
});

describe('the columns of a statement', () => {
  let few: Database;
  beforeAll(async () => {
    few = new Database({ url: database.url, service: 'orders', poolSize: 1 });
    await asOwner('CREATE TABLE orders.page (id int, at date); GRANT ALL ON orders.page TO svc_orders');
  });
  afterAll(() => few.close());

  const asOwner = (text: string) => withClient(database.url, (client) => client.query(text));
  const page = (id: number) => sql`SELECT * FROM orders.page WHERE id = ${id}`;

  it('are described once for each connection, also when there are no rows or none are given back', async () => {
    const descriptions = jest.spyOn(pg.Connection.prototype, 'describe');
    expect(await few.query(page(1))).toEqual([]);
    for (const id of [1, 2])
      expect(await few.execute(sql`INSERT INTO orders.page VALUES (${id}, NULL)`)).toBe(1);
    expect(await few.query(page(1))).toEqual([{ id: 1, at: null }]);
    const together: unknown[] = [];
    await few.inTx(async (tx) => {
      for (const id of [1, 3, 2])
        tx.defer(
          () => page(id),
          (rows) => together.push(rows),
        );
    });
    expect(together).toEqual([[{ id: 1, at: null }], [], [{ id: 2, at: null }]]);
    // The read, the insert, BEGIN and COMMIT.
    const count = descriptions.mock.calls.length;
    descriptions.mockRestore();
    expect(count).toBe(4);
  });

  it('may change while the system runs: nobody notices a migration', async () => {
    const ways = [
      () => db.query(page(1)),
      () => db.inTx((tx) => tx.query(page(1))),
      () => db.relaxed.query(page(1)),
      () => db.inTx((tx) => tx.query(page(1)), { durable: false }),
    ];
    // So many at once that each connection gets to know the statement.
    const everywhere = () => Promise.all(ways.flatMap((way) => Array.from({ length: 40 }, way)));
    await everywhere();
    for (const [index, way] of ways.entries()) {
      await asOwner(`ALTER TABLE orders.page ADD COLUMN more${index} int`);
      expect(await way()).toEqual([expect.objectContaining({ id: 1, [`more${index}`]: null })]);
      await everywhere();
    }
  });
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
