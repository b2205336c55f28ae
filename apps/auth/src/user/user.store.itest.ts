import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { newId } from '@order-system/prisma/id';
import { readsOfGrown } from '@order-system/prisma/testing/reads';
import { createTestDatabase, type TestDatabase } from '@order-system/prisma/testing/test-database';
import { lockAdminsAnd } from './user.store.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

it('what takes an admin away looks at the admins, not at all accounts', async () => {
  const on = { url: database.url, service: 'auth', tables: ['auth.user'] };
  const accounts = `
    INSERT INTO auth."user" (id, email, role)
    SELECT gen_random_uuid(), n || '@example.com', CASE n WHEN 1 THEN 'admin' ELSE 'user' END
    FROM generate_series(1, 2000) n`;
  const { result, read } = await readsOfGrown(on, accounts, (db) =>
    db.inTx((tx) => lockAdminsAnd(tx, newId())),
  );
  expect(result.admins).toHaveLength(1);
  expect(read.rows).toBeLessThan(10);
});
