import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { Database } from './database.js';
import { withClient } from './migrate.js';
import { sql } from './sql.js';
import { createTestDatabase, type TestDatabase } from './testing/test-database.js';

let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  db = new Database({ url: database.url, service: 'orders', poolSize: 12 });
});
afterAll(async () => {
  await db.close();
  await database.drop();
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
