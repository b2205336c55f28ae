import { afterAll, beforeAll, expect, it } from '@jest/globals';
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
import { newId } from '@order-system/prisma/id';
import { createTestDatabase } from '@order-system/prisma/testing/test-database';
import { startService } from '@order-system/service-host/start-service';
import { SECRET, aStart, admin, linkOf, user } from './payment/payment.fixture.js';
import { payments } from './payments.module.js';
import { eventually } from './testing/eventually.js';
import { sign } from './webhook/signature.js';

const transport = localTransport();
const { rpc } = transport;
const closing: (() => Promise<unknown>)[] = [];

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
  closing.push(
    () => service.close(),
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
  await eventually(async () => (await read()).status === 'SUCCEEDED');
  expect(await rpc.call(RefundPayment, { id: input.paymentId }, admin())).toMatchObject({
    status: 'REFUNDED',
  });
});
