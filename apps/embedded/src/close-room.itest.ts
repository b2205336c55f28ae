import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { chat } from '@order-system/chat-app/chat.module';
import { CloseRoom, GetRoom, SendMessage } from '@order-system/contracts/chat.contracts';
import { CancelOrder, GetOrder, PlaceOrder, SetOrderStatus } from '@order-system/contracts/orders.contracts';
import { SettleSandboxSession } from '@order-system/contracts/payments.contracts';
import { type MessageContext, systemContext } from '@order-system/messaging/context';
import { eventually } from '@order-system/messaging/testing/eventually';
import { localTransport } from '@order-system/messaging/transport';
import { orders } from '@order-system/orders-app/orders.module';
import { payments } from '@order-system/payments-app/payments.module';
import { Database } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { createTestDatabase } from '@order-system/prisma/testing/test-database';
import { type Running, startService } from '@order-system/service-host/start-service';

const transport = localTransport();
const { rpc } = transport;
const as = (role: 'user' | 'admin'): MessageContext => ({ ...systemContext(), actor: { id: newId(), role } });
const running = new Map<string, Running>();
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let events: Database;

const start = async (service: typeof orders): Promise<void> => {
  const options = { transport, ladder: [50], catchUpEveryMs: 60_000 };
  running.set(
    service.name,
    await startService(service, { ...options, database: { url: database.url, poolSize: 5 } }),
  );
};
const stop = async (service: typeof orders) => running.get(service.name)?.close();

beforeAll(async () => {
  process.env['SANDBOX_WEBHOOK_SECRET'] = 'a secret of this test alone';
  database = await createTestDatabase();
  events = new Database({ url: database.url, service: 'events', poolSize: 1 });
  for (const service of [payments, orders, chat]) await start(service);
});
afterAll(async () => {
  for (const service of [chat, orders, payments]) await stop(service);
  await events.close();
  await transport.close();
  await database.drop();
});

const summary = 'Oak, two metres.';
const place = async (owner: MessageContext) =>
  (await rpc.call(PlaceOrder, { description: 'A table', quantity: 1 }, owner)).order;

it('takes a custom order from the room to a payment that its owner can make', async () => {
  const [owner, admin] = [as('user'), as('admin')];
  const { id } = await place(owner);
  await rpc.call(SendMessage, { orderId: id, content: 'Of oak, please' }, owner);
  const { room, order } = await rpc.call(CloseRoom, { orderId: id, summary, quote: 125_000 }, admin);
  expect(room).toMatchObject({ closed: true, summary, lastSeq: 1 });
  expect(order).toMatchObject({ status: 'PROCESSING', total: 125_000, paymentStatus: 'PENDING' });

  const link = await eventually(async () => {
    const [event] = await events.query<{ url: string; correlationId: string }>(sql`
      SELECT data ->> 'paymentUrl' AS url, correlation_id AS "correlationId" FROM events.event
      WHERE type = 'payment.started' AND data ->> 'orderId' = ${id}`);
    expect(event).toMatchObject({ url: expect.any(String), correlationId: admin.correlationId });
    return new URL(event?.url ?? '');
  });
  const [, session = ''] = /sandbox\/([^/]+)$/.exec(link.pathname) ?? [];
  const [secret = ''] = link.searchParams.values();
  expect(
    await rpc.call(SettleSandboxSession, { id: session, secret, outcome: 'decline' }, owner),
  ).toMatchObject({
    status: 'DECLINED',
    amount: 125_000,
  });
  await expect(rpc.call(SetOrderStatus, { id, status: 'COMPLETED' }, admin)).rejects.toMatchObject({
    code: 'ILLEGAL_TRANSITION',
  });
});

it('closes neither the room nor the order when a cancelled order gets a quote', async () => {
  const [owner, admin] = [as('user'), as('admin')];
  const { id } = await place(owner);
  await rpc.call(CancelOrder, { id }, owner);
  const closing = rpc.call(CloseRoom, { orderId: id, summary, quote: 5000 }, admin);
  await expect(closing).rejects.toMatchObject({ code: 'ILLEGAL_TRANSITION' });
  expect(await rpc.call(GetRoom, { orderId: id }, owner)).toMatchObject({ closed: false });
});

it('closes both in the end when orders is away', async () => {
  const [owner, admin] = [as('user'), as('admin')];
  const { id } = await place(owner);
  await eventually(() => rpc.call(GetRoom, { orderId: id }, owner));
  await stop(orders);
  const away = rpc.call(CloseRoom, { orderId: id, summary }, admin);
  await expect(away).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  await expect(rpc.call(SendMessage, { orderId: id, content: 'Wait' }, owner)).rejects.toMatchObject({
    code: 'ROOM_CLOSED',
  });
  await start(orders);
  await eventually(
    async () => expect(await rpc.call(GetRoom, { orderId: id }, owner)).toMatchObject({ closed: true }),
    25_000,
  );
  expect(await rpc.call(GetOrder, { id }, owner)).toMatchObject({ status: 'PROCESSING' });
});
