import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@order-system/prisma/testing/test-database';
import { Shopper, type Told } from '@order-system/testing/shopper';
import pg from 'pg';
import { acknowledged } from './acknowledged.ts';
import { baskets } from './baskets.ts';
import { effects } from './effects.ts';
import type { Evidence, Oracle } from './oracle.ts';
import { answers, exits } from './processes.ts';
import { finalStates, money } from './tables.ts';

const [order, product, payment, session, delivery, event, basket] = Array.from({ length: 7 }, () =>
  randomUUID(),
);

/** What a system that loses and doubles things would leave behind, beside what `oracle.itest.ts` has. */
const DEFECTS = `
  INSERT INTO orders."order" (id, user_id, kind, status, payment_status, currency, total)
    VALUES ('${order}', '${randomUUID()}', 'CATALOG', 'PROCESSING', 'PAID', 'USD', 100);
  INSERT INTO orders.order_history (order_id, version, "from", "to", at)
    VALUES ('${order}', 1, NULL, 'PENDING', now()), ('${order}', 2, 'PENDING', 'SHIPPED', now());
  INSERT INTO payments.payment (id, order_id, user_id, provider, flow, status, amount, currency, correlation_id)
    VALUES ('${payment}', '${order}', '${randomUUID()}', 'SANDBOX', 'FRONTEND', 'SUCCEEDED', 100, 'USD', '');
  INSERT INTO payments.refund (id, payment_id, amount) VALUES ('${randomUUID()}', '${payment}', 10);
  INSERT INTO payments.sandbox_session (id, secret, idempotency_key, payment_id, order_id, amount, currency, status)
    VALUES ('${session}', '', 'a', '${payment}', '${order}', 100, 'USD', 'PAID'),
      ('${randomUUID()}', '', 'b', '${payment}', '${order}', 100, 'USD', 'PAID');
  INSERT INTO catalog.product (id, sku, name, price, currency, category, on_hand)
    VALUES ('${product}', 'P-1', 'Lamp', 100, 'USD', 'Home', 5);
  INSERT INTO catalog.stock_movement (id, product_id, reason, quantity, on_hand, reserved, order_id, note)
    SELECT gen_random_uuid(), '${product}', reason, 1, 5, 0, o, note FROM (VALUES
      ('RESERVED', '${order}'::uuid, NULL), ('SOLD', '${order}', NULL), ('SOLD', '${order}', NULL),
      ('RESTOCK', NULL, 'once'), ('RESTOCK', NULL, 'once')) AS m(reason, o, note);
  INSERT INTO events.event (id, type, schema_version, aggregate_type, aggregate_id, aggregate_version, data, actor,
    correlation_id, occurred_at) VALUES ('${event}', 'order.created', 1, 'order', '${order}', 1, '{}', '{}', '', now());
  INSERT INTO notifications.notification (id, event_id, user_id, kind, title, body, in_app)
    VALUES ('${delivery}', '${randomUUID()}', '${randomUUID()}', 'WELCOME', '', '', true);
  INSERT INTO notifications.delivery (id, notification_id, channel, status, correlation_id)
    VALUES ('${delivery}', '${delivery}', 'EMAIL', 'SENT', '');
  INSERT INTO orders.order_line (order_id, position, product_id, title, price, quantity)
    VALUES ('${order}', 1, '${product}', 'Lamp', 100, 2);
  INSERT INTO basket.basket (id) VALUES ('${basket}');
  INSERT INTO basket.basket_item (basket_id, product_id, quantity)
    VALUES ('${basket}', '${product}', 1), ('${basket}', gen_random_uuid(), 1);
  INSERT INTO basket.checkout (order_id, basket_id, lines) VALUES (gen_random_uuid(), '${basket}', '[]');
  INSERT INTO chat.room (order_id, order_number, user_id, last_seq) VALUES ('${order}', 1001, '${randomUUID()}', 3);
`;

const told = (request: string, sent: unknown, data: unknown, more: Partial<Told> = {}): Told => ({
  request,
  sent,
  key: 'one',
  at: new Date(),
  ms: 1,
  status: 201,
  body: { data },
  ...more,
});

/** Successes, none of which left anything behind; and answers that nobody should get. */
const HISTORY: Told[] = [
  told('POST /api/auth/register', { email: 'lost@example.com' }, {}),
  told('POST /api/orders', {}, { order: { id: randomUUID() } }),
  told('POST /api/orders', {}, { order: { id: randomUUID() } }),
  told(`POST /api/payments/sandbox/${randomUUID()}?secret=x`, {}, { status: 'PAID' }),
  told(`PATCH /api/orders/${order}/status`, { status: 'COMPLETED' }, {}),
  told(`POST /api/orders/${order}/cancel`, {}, {}),
  told(`PATCH /api/chat/${order}/close`, { summary: 'Oak' }, {}),
  told(`POST /api/chat/${order}/messages`, { content: 'Hello' }, { seq: 1 }),
  told('SOCKET sendMessage', { orderId: order, content: 'Hello' }, {}, { body: { message: { seq: 2 } } }),
  told(`POST /api/payments/${payment}/refund`, { amount: 1.25 }, {}),
  told(`POST /api/products/${product}/restock`, { reason: 'never' }, {}),
  told('GET /api/orders', undefined, {}, { ms: 10_001 }),
  told('GET /api/orders', undefined, {}, { status: undefined, body: 'reset' }),
];

/** One came twice: the same addition. Ordered are two, and one is left. */
const BASKETS: Told[] = ['a', 'b', 'b', 'c'].map((key) =>
  told(`POST /api/basket/${basket}/items`, { productId: product, quantity: 1 }, {}, { key }),
);
const ORDERED = told('POST /api/orders', { basketId: basket }, { order: { id: order } });
const LOST = told(`POST /api/basket/${basket}/items`, { productId: randomUUID(), quantity: 1 }, {});

describe('the oracles', () => {
  let database: TestDatabase;
  let db: pg.Pool;
  const shopper = new Shopper('http://localhost');
  shopper.history.push(...HISTORY);

  const ask = async (oracle: Oracle, more: Partial<Evidence> = {}): Promise<number> => {
    const nothing = { mails: [], shoppers: [], history: [], problems: [], output: '', grownMb: {} };
    const evidence = { ...nothing, db, harmed: new Set([2]), isDoorHarmed: false, ...more };
    return (await oracle.look(evidence as unknown as Evidence)).findings.length;
  };

  beforeAll(async () => {
    database = await createTestDatabase();
    db = new pg.Pool({ connectionString: database.url });
  });
  afterAll(async () => {
    await db.end();
    await database.drop();
  });

  it('have nothing to say where nothing happened', async () => {
    for (const oracle of [finalStates, money, effects, acknowledged, exits, answers, baskets])
      expect([oracle.id, await ask(oracle)]).toEqual([oracle.id, 0]);
  });

  it('see every kind of defect', async () => {
    await db.query(DEFECTS);
    const mail = { to: [], raw: '', subject: '', messageId: `<${randomUUID()}@localhost>` };
    const all = { history: HISTORY, shoppers: [shopper] };
    // Not final; not a step there is, and not where it is.
    expect(await ask(finalStates)).toBe(2);
    // More money than the order costs, charged twice, a refund that waits.
    expect(await ask(money)).toBe(3);
    // A mail twice and without its delivery, a delivery without its mail, an event that nobody was told of, goods
    // sold twice, shelves filled twice, two orders under one key.
    expect(await ask(effects, { ...all, mails: [mail, mail] })).toBe(7);
    // Each success but the GETs, the second order too, and a room with gaps.
    expect(await ask(acknowledged, { ...all, problems: ['stuck'] })).toBe(13);
    expect(await ask(answers, all)).toBe(2);
    // Taken out for an order that is not there.
    expect(await ask(baskets, { history: [...BASKETS, ORDERED, ORDERED] })).toBe(1);
    // That, what was put in and is nowhere, and what is ordered and was never put in.
    expect(await ask(baskets, { history: [...BASKETS.slice(1), ORDERED, LOST] })).toBe(3);
    const output = 'orders (process 1) stopped with code 1;\nchat (process 2) stopped with SIGKILL;';
    expect(await ask(exits, { output, grownMb: { orders: 101, chat: 99 } })).toBe(2);
  });
});
