import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { CallInput } from '@order-system/contracts/define';
import type { ListOrders } from '@order-system/contracts/orders.contracts';
import type { Actor } from '@order-system/contracts/primitives';
import { withClient } from '@order-system/prisma/migrate';
import { readsOf } from '@order-system/prisma/testing/reads';
import { createTestDatabase, type TestDatabase } from '@order-system/prisma/testing/test-database';
import { listOrders } from './order.read.js';

const admin: Actor = { id: '00000000-0000-7000-8000-000000000001', role: 'admin' };
const customer: Actor = { id: '00000000-0000-7000-8000-000000000002', role: 'user' };

const FILLED = `
  INSERT INTO orders."order" (id, user_id, kind, status, payment_status, currency, total, notes, created_at)
  SELECT ('00000000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid,
    CASE WHEN i % 1000 = 1 THEN '${customer.id}'::uuid ELSE gen_random_uuid() END, 'CATALOG', 'COMPLETED', 'PAID', 'USD',
    1000, CASE WHEN i = 77 THEN 'For the Huberts' END, now() - i * interval '1 minute'
  FROM generate_series(1, 5000) i;
  INSERT INTO orders.order_line (order_id, position, title, price, quantity)
  SELECT id, p, 'A ' || md5(id::text || p) || CASE WHEN number % 1000 = 0 THEN ' teapot' ELSE ' mug' END, 500, 1
  FROM orders."order", generate_series(1, 3) p;
  INSERT INTO orders.order_history (order_id, version, "to", at) SELECT id, 1, 'PENDING', created_at FROM orders."order";`;

const TABLES = ['orders.order', 'orders.order_line', 'orders.order_history'];

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await withClient(database.url, async (client) => {
    await client.query(FILLED);
    await client.query('VACUUM ANALYZE orders."order", orders.order_line');
  });
});
afterAll(() => database.drop());

/** How many orders are found and shown, and how many rows were read for that. */
async function search(input: Partial<CallInput<typeof ListOrders>>, actor: Actor) {
  const on = { url: database.url, service: 'orders', tables: TABLES };
  const { result, read } = await readsOf(on, (db) => listOrders(db, { page: 1, limit: 2, ...input }, actor));
  return { total: result.total, shown: result.items.length, read: read.rows };
}

it('a customer reads nothing but their own orders', async () => {
  for (const word of ['mug', 'ug', 'huberts']) {
    const { total, read } = await search({ search: word }, customer);
    expect(total).toBe(word === 'huberts' ? 0 : 5);
    expect(read).toBeLessThan(100);
  }
});

it('staff find what few orders have without reading all of them', async () => {
  for (const [word, count] of Object.entries({ TEAPOT: 5, 'huberts for': 1, '#1077': 1 })) {
    const { total, read } = await search({ search: word }, admin);
    expect(total).toBe(count);
    expect(read).toBeLessThan(500);
  }
});

it('staff find what nearly all have', async () => {
  expect(await search({ search: 'mug' }, admin)).toMatchObject({ total: 4995, shown: 2 });
  expect(await search({ search: 'a' }, admin)).toMatchObject({ total: 5000, shown: 2 });
});

it('the last page skips the others by their index', async () => {
  const { total, shown, read } = await search({ page: 2500 }, admin);
  expect({ total, shown }).toEqual({ total: 5000, shown: 2 });
  expect(read).toBeLessThan(100);
});
