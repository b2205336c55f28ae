import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { expect } from '@jest/globals';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { CallInput, CallOutput } from '@order-system/contracts/define';
import { DomainError } from '@order-system/contracts/errors';
import type { StartPayment as StartCall } from '@order-system/contracts/payments.contracts';
import { OrderCancelled } from '@order-system/contracts/orders.contracts';
import { type MessageContext, systemContext } from '@order-system/messaging/context';
import { deliver } from '@order-system/messaging/deliver';
import { fact, toMessage } from '@order-system/messaging/outbox';
import { eventually } from '@order-system/messaging/testing/eventually';
import { Database } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { createTestDatabase } from '@order-system/prisma/testing/test-database';
import { Providers } from '../provider/providers.js';
import { SandboxProvider } from '../provider/sandbox.provider.js';
import { Courier } from '../sandbox/courier.js';
import { DeliverWebhooks } from '../sandbox/deliver-webhooks.job.js';
import { settleSession } from '../sandbox/settle-session.js';
import { ApplyWebhook } from '../webhook/apply-webhook.js';
import { ApplyWebhooks } from '../webhook/apply-webhooks.job.js';
import { ReceiveWebhook } from '../webhook/receive-webhook.js';
import { CheckPayments } from './check-payments.job.js';
import { FinishRefunds } from './finish-refunds.job.js';
import { paymentOrders } from './payment.consumer.js';
import { type PaymentRow, findPayment } from './payment.store.js';
import { RefundPayment } from './refund-payment.js';
import type { RefundRow } from './refund.store.js';
import { StartPayment } from './start-payment.js';

export const SECRET = 'whsec_of_the_tests_0123456789abcdef';
export const admin = (): MessageContext => ({
  ...systemContext(),
  actor: { id: randomUUID(), role: 'admin' },
});
export const user = (id: string = randomUUID()): MessageContext => ({
  ...systemContext(),
  actor: { id, role: 'user' },
});

export type Started = CallOutput<typeof StartCall>;
export type PaymentsKit = Awaited<ReturnType<typeof startPayments>>;

/** The payments service without its transports, on a database of its own, and a gateway that takes its webhooks. */
export async function startPayments() {
  const database = await createTestDatabase();
  const db = new Database({ url: database.url, service: 'payments', poolSize: 10 });
  const now = () => new Date();
  const gateway = await startGateway((headers, body) =>
    receiving.execute({ provider: 'SANDBOX', headers, body }),
  );
  const courier = new Courier(db, { url: gateway.url, secret: SECRET, now });
  const sandbox = new SandboxProvider(db, courier, {
    publicUrl: 'http://shop',
    secrets: [SECRET],
    now,
  });
  const providers = new Providers([sandbox]);
  const applying = new ApplyWebhook(db, providers);
  const receiving = new ReceiveWebhook(db, providers, applying);
  const refunding = new RefundPayment(db, providers);
  const jobs = [
    new CheckPayments(db, providers),
    new FinishRefunds(db, refunding),
    new ApplyWebhooks(db, providers, applying),
    new DeliverWebhooks(db, courier),
  ];

  return {
    db,
    gateway,
    courier,
    sandbox,
    providers,
    receiving,
    refunding,
    applying,
    starting: new StartPayment(db, providers),
    runJobs: async () => {
      for (const job of jobs) await job.run();
    },
    /** What its customer does on the sandbox's page. */
    settle: (started: Started, outcome: 'pay' | 'decline') =>
      settleSession({ db, courier }, { ...linkOf(started), outcome }),
    cancelOrder: (orderId: string) => deliver(db, paymentOrders, orderCancelled(orderId)),
    close: async () => {
      await courier.onModuleDestroy();
      await applying.onModuleDestroy();
      await gateway.close();
      await db.close();
      await database.drop();
    },
  };
}

async function startGateway(receive: (headers: Record<string, string>, body: string) => Promise<unknown>) {
  const answers: number[] = [];
  const gateway = { url: '', isDown: false, answers, close: () => Promise.resolve() };
  const handle = async (request: IncomingMessage): Promise<number> => {
    const bytes = await buffer(request);
    if (gateway.isDown) return 503;
    return receive(request.headers as Record<string, string>, bytes.toString('base64')).then(
      () => 200,
      (error: unknown) => (error instanceof DomainError ? error.status : 500),
    );
  };
  const server = createServer((request, response) => {
    void handle(request).then((status) => {
      answers.push(status);
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  gateway.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/payments/webhook/sandbox`;
  gateway.close = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return gateway;
}

export function linkOf({ paymentUrl = '' }: Started): { id: string; secret: string } {
  const url = new URL(paymentUrl);
  return { id: url.pathname.split('/').at(-1) ?? '', secret: url.searchParams.get('secret') ?? '' };
}

export const aStart = (more: Partial<CallInput<typeof StartCall>> = {}): CallInput<typeof StartCall> => ({
  paymentId: newId(),
  orderId: newId(),
  userId: newId(),
  amount: 1999,
  method: 'SANDBOX',
  flow: 'FRONTEND',
  ...more,
});

/** A payment that was captured, by the sandbox's webhook. */
export async function givenPaid(kit: PaymentsKit): Promise<Started> {
  const input = aStart();
  const started = await kit.starting.execute(input, user(input.userId));
  await kit.settle(started, 'pay');
  await eventually(async () => expect((await paymentOf(kit.db, input.paymentId)).status).toBe('SUCCEEDED'));
  return started;
}

const orderCancelled = (orderId: string) =>
  toMessage(
    systemContext(),
    fact(
      OrderCancelled,
      { type: 'order', id: orderId, version: 2 },
      {
        orderId,
        number: 1001,
        userId: newId(),
        kind: 'CATALOG',
        status: 'CANCELLED',
        previousStatus: 'PENDING',
        paymentStatus: 'PENDING',
        total: 1999,
        currency: 'USD',
      },
    ),
  );

export async function paymentOf(db: Database, id: string): Promise<PaymentRow> {
  const row = await findPayment(db, id);
  if (!row) throw new Error(`there is no payment ${id}`);
  return row;
}

export const refundsOf = (db: Database, id: string): Promise<RefundRow[]> =>
  db.query(sql`SELECT * FROM payments.refund WHERE payment_id = ${id} ORDER BY created_at`);

/** Types of the payment's events, in the order of their versions. */
export async function eventsOf(db: Database, id: string): Promise<string[]> {
  const rows = await db.query<{ type: string; aggregate_version: number }>(
    sql`SELECT type, aggregate_version FROM events.event WHERE aggregate_id = ${id} ORDER BY aggregate_version`,
  );
  if (rows.some((row, index) => row.aggregate_version !== index + 1)) throw new Error('a version is missing');
  return rows.map((row) => row.type);
}
