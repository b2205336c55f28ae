import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { newId } from '@order-system/prisma/id';
import { readsOfGrown } from '@order-system/prisma/testing/reads';
import { createTestDatabase, type TestDatabase } from '@order-system/prisma/testing/test-database';
import { claimChecks } from './payment.store.js';
import { sumRequested } from './refund.store.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const payment = (checkAt: string) => `
  INSERT INTO payments.payment (id, order_id, user_id, provider, flow, status, amount, currency, correlation_id, check_at)
  SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'SANDBOX', 'FRONTEND', 'PENDING', 100, 'USD', 'c',
  ${checkAt}`;

it('what is on its way back of a payment is summed up without a look at all refunds that are due', async () => {
  const on = { url: database.url, service: 'payments', tables: ['payments.refund'] };
  const others = `
    WITH paid AS (${payment('NULL')} RETURNING id)
    INSERT INTO payments.refund (id, payment_id, amount) SELECT gen_random_uuid(), id, 1 FROM paid, generate_series(1, 2000)`;
  const { result, read } = await readsOfGrown(on, others, (db) => db.inTx((tx) => sumRequested(tx, newId())));
  expect({ result, read: read.rows }).toEqual({ result: 0, read: 0 });
});

it('an attempt is asked about without a look at all orders that were closed', async () => {
  const on = { url: database.url, service: 'payments', tables: ['payments.closed_order'] };
  const closed = `
    ${payment('now()')};
    INSERT INTO payments.closed_order (order_id) SELECT gen_random_uuid() FROM generate_series(1, 2000)`;
  const { result, read } = await readsOfGrown(on, closed, (db) => claimChecks(db, 10));
  expect({ due: result.length, read: read.rows }).toEqual({ due: 1, read: 0 });
});
