import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setShopCurrency } from '@order-system/contracts/money';
import {
  GetPayment,
  GetSandboxSession,
  ListPaymentMethods,
  ReceiveWebhook,
  RefundPayment,
  SettleSandboxSession,
  StartPayment,
} from '@order-system/contracts/payments.contracts';
import { localTransport } from '@order-system/messaging/transport';
import { eventually } from '@order-system/messaging/testing/eventually';
import { Database } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { createTestDatabase } from '@order-system/prisma/testing/test-database';
import { startService } from '@order-system/service-host/start-service';
import { SECRET, aStart, admin, linkOf, user } from './payment/payment.fixture.js';
import { payments } from './payments.module.js';
import { sign } from './webhook/signature.js';

const transport = localTransport();
const { rpc } = transport;
const closing: (() => Promise<unknown>)[] = [];
let db: Database;

beforeAll(async () => {
  process.env['SANDBOX_WEBHOOK_SECRET'] = `${SECRET}, an-older-one`;
  process.env['PUBLIC_URL'] = 'http://127.0.0.1:9/';
  const database = await createTestDatabase();
  const service = await startService(payments, {
    transport,
    database: { url: database.url, poolSize: 5 },
    ladder: [5000],
    catchUpEveryMs: 60_000,
  });
  db = new Database({ url: database.url, service: 'payments' });
  closing.push(
    () => service.close(),
    () => db.close(),
    () => transport.close(),
    () => database.drop(),
  );
});
afterAll(async () => {
  for (const close of closing) await close();
});

it('answers every call, as a service among others', async () => {
  expect(await rpc.call(ListPaymentMethods, {}, user())).toEqual({ methods: ['SANDBOX'] });
  const input = aStart({ method: 'stub' });
  const owner = user(input.userId);
  const started = await rpc.call(StartPayment, input, owner);
  expect(started.paymentUrl).toMatch(/^http:\/\/127\.0\.0\.1:9\/api\/payments\/sandbox\//);
  const link = linkOf(started);
  expect(await rpc.call(GetSandboxSession, link, user())).toMatchObject({ status: 'OPEN', amount: 1999 });
  expect(await rpc.call(SettleSandboxSession, { ...link, outcome: 'pay' }, user())).toMatchObject({
    status: 'PAID',
  });

  const id = newId();
  const data = { sessionId: link.id, paymentId: input.paymentId, amount: 19.99, currency: 'USD' };
  const body = JSON.stringify({ id, type: 'payment.succeeded', created: 1, data });
  const headers = { 'sandbox-signature': sign(body, 'an-older-one', new Date()) };
  const webhook = { provider: 'SANDBOX', headers, body: Buffer.from(body).toString('base64') } as const;
  await rpc.call(ReceiveWebhook, webhook, user());
  const read = () => rpc.call(GetPayment, { id: input.paymentId }, owner);
  await eventually(async () => expect((await read()).status).toBe('SUCCEEDED'));
  expect(await rpc.call(RefundPayment, { id: input.paymentId }, admin())).toMatchObject({
    status: 'REFUNDED',
  });
});

it('gets through what an outage of the provider has left behind without pausing', async () => {
  const many = 500;
  await db.execute(sql`
    WITH attempt AS (
      INSERT INTO payments.payment (id, order_id, user_id, provider, flow, status, amount, currency, correlation_id,
        version, check_at, created_at)
      SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'SANDBOX', 'FRONTEND', status, 100, 'USD', 'c', 1,
        CASE status WHEN 'CANCELLED' THEN now() END, now() - interval '1 hour'
      FROM generate_series(1, ${many}::int), unnest(ARRAY['CANCELLED', 'SUCCEEDED']) AS status
      RETURNING *
    ), session AS (
      INSERT INTO payments.sandbox_session (id, secret, idempotency_key, payment_id, order_id, amount, currency, status)
      SELECT id, 's', id::text, id, order_id, amount, currency, 'PAID' FROM attempt WHERE status = 'SUCCEEDED'
    )
    INSERT INTO payments.refund (id, payment_id, amount)
    SELECT id, id, amount FROM attempt WHERE status = 'SUCCEEDED'`);
  await eventually(async () => {
    const [row] = await db.query<{ left: number }>(sql`
      SELECT (SELECT count(*) FROM payments.payment WHERE check_at <= now())
        + (SELECT count(*) FROM payments.refund WHERE status = 'REQUESTED') AS left`);
    expect(row?.left).toBe(0);
  });
});

it('does not start under another currency than its amounts are in', async () => {
  const [Currency] = payments.startUp ?? [];
  const start = () => new Currency!(db).run();
  setShopCurrency('JPY');
  await expect(start()).rejects.toThrow('CURRENCY must stay USD');
  setShopCurrency('USD');
  await start();
});
