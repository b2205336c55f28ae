import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { withClient } from '@order-system/prisma/migrate';
import { createTestDatabase, type TestDatabase } from '@order-system/prisma/testing/test-database';
import * as oracle from './oracle.js';

const SUBSCRIPTIONS = [{ name: 'test.consumer', types: ['order.created'] }];
const [order, product, payment] = [randomUUID(), randomUUID(), randomUUID()];

/** What a system that loses, doubles and invents things would leave behind. */
const DEFECTS = `
  INSERT INTO events.event (id, type, schema_version, aggregate_type, aggregate_id, aggregate_version, data, actor,
    correlation_id, occurred_at) VALUES ('${randomUUID()}', 'order.created', 1, 'order', '${order}', 3, '{}', '{}', '', now());
  INSERT INTO events.outbox (event_id, source, aggregate_id, aggregate_version)
    SELECT id, 'orders', aggregate_id, aggregate_version FROM events.event;
  INSERT INTO events.dead_letter (id, consumer, message, error, attempts, first_failed_at)
    VALUES ('${randomUUID()}', 'test.consumer', '{}', 'broken', 1, now());
  INSERT INTO catalog.product (id, sku, name, price, currency, category, on_hand)
    VALUES ('${product}', 'P-1', 'Lamp', 100, 'USD', 'Home', 5);
  INSERT INTO orders."order" (id, user_id, kind, status, payment_status, currency, total)
    VALUES ('${order}', '${randomUUID()}', 'CATALOG', 'PROCESSING', 'PAID', 'USD', 100);
  INSERT INTO orders.order_line (order_id, position, product_id, title, price, quantity)
    VALUES ('${order}', 1, '${product}', 'Lamp', 100, 1);
  INSERT INTO payments.sandbox_session (id, secret, idempotency_key, payment_id, order_id, amount, currency, status)
    VALUES ('${randomUUID()}', '', '', '${payment}', '${order}', 100, 'USD', 'PAID');
  INSERT INTO payments.sandbox_webhook (id, body) VALUES ('${randomUUID()}', '');
`;

describe('the oracle', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  it('has nothing to say about a system where nothing happened, and sees every kind of defect', async () => {
    await withClient(database.url, async (db) => {
      expect(await oracle.violations(db, SUBSCRIPTIONS)).toEqual([]);
      await db.query(DEFECTS);
      const found = {
        unapplied: await oracle.unappliedEvents(db, SUBSCRIPTIONS),
        waiting: await oracle.waitingEvents(db),
        dead: await oracle.deadLetters(db),
        gaps: await oracle.versionGaps(db),
        changes: await oracle.changesWithoutEvents(db),
        stock: await oracle.stockBreaches(db),
        reservations: await oracle.stockWithoutOrders(db),
        payments: await oracle.ordersAgainstPayments(db),
        sandbox: await oracle.paymentsAgainstSandbox(db),
        webhooks: await oracle.webhooksUnderWay(db),
        lost: await oracle.lostOrders(db, [order, payment]),
      };
      expect(Object.fromEntries(Object.entries(found).map(([kind, all]) => [kind, all.length]))).toEqual({
        unapplied: 1,
        waiting: 1,
        dead: 1,
        gaps: 1,
        changes: 2,
        stock: 1,
        reservations: 2,
        payments: 1,
        sandbox: 1,
        webhooks: 1,
        lost: 1,
      });
    });
  });
});
