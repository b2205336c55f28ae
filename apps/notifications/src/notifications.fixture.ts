import { GetContacts, type User } from '@order-system/contracts/auth.contracts';
import type { EventContract, EventData } from '@order-system/contracts/define';
import { DomainError, notFound } from '@order-system/contracts/errors';
import type { OrderFact } from '@order-system/contracts/orders.contracts';
import type { Actor } from '@order-system/contracts/primitives';
import { SYSTEM } from '@order-system/contracts/primitives';
import { systemContext } from '@order-system/messaging/context';
import { deliver } from '@order-system/messaging/deliver';
import { type EventMessage, type EventRow, fromRow } from '@order-system/messaging/events';
import { emit, fact } from '@order-system/messaging/outbox';
import { RpcClient, type RpcRequest } from '@order-system/messaging/rpc-client';
import type { RpcReply } from '@order-system/messaging/rpc-reply';
import { Database } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { withClient } from '@order-system/prisma/migrate';
import { sql } from '@order-system/prisma/sql';
import { createTestDatabase } from '@order-system/prisma/testing/test-database';
import { TestSmtp } from '@order-system/testing/test-smtp';
import { z } from 'zod';
import { ListMessages } from './delivery/list-messages.job.js';
import { SendDeliveries } from './delivery/send-deliveries.job.js';
import { SmtpMailer } from './delivery/smtp-mailer.js';
import { type TextMessage, TextMessages } from './delivery/text-messages.js';
import { notificationFacts } from './notification/notification.consumer.js';
import { listNotifications } from './notification/notification.read.js';

/** Knows the accounts that a test has made. */
export class StubAuth extends RpcClient {
  private readonly users = new Map<string, User>();
  isAway = false;

  add(user: Partial<User> = {}): User {
    const id = newId();
    const email = `${id}@example.com`;
    const whole: User = { id, email, role: 'user', name: 'Ada', phone: null, createdAt: new Date(), ...user };
    this.users.set(whole.id, whole);
    return whole;
  }

  contacts({ ids }: { ids: string[] }): { contacts: User[] } {
    return { contacts: ids.flatMap((id) => this.users.get(id) ?? []) };
  }

  protected override async send({ data, ctx }: RpcRequest): Promise<RpcReply> {
    if (this.isAway) throw new DomainError('SERVICE_UNAVAILABLE', 'auth is not running');
    if (ctx.actor.role !== 'system') throw notFound('user');
    return { response: z.encode(GetContacts.output, this.contacts(GetContacts.input.parse(data))) };
  }

  override async close(): Promise<void> {}
}

class KeptTexts extends TextMessages {
  readonly sent: TextMessage[] = [];
  override async send(message: TextMessage): Promise<void> {
    this.sent.push(message);
  }
}

const config = {
  smtpUrl: undefined,
  from: 'Shop <shop@shop.example>',
  mailDomain: 'shop.example',
  ladder: [60_000, 60_000],
  awayMs: 0,
};

/** Stores an event as its service would have, and returns it as it travels. */
export async function storeEvent<E extends EventContract>(
  db: Database,
  contract: E,
  { aggregate = newId(), data, actor = SYSTEM }: { aggregate?: string; data: EventData<E>; actor?: Actor },
): Promise<EventMessage> {
  const version = await db.inTx(async (tx) => {
    const last = await tx.one<{ version: number }>(
      sql`SELECT coalesce(max(aggregate_version), 0) AS version FROM events.event WHERE aggregate_id = ${aggregate}`,
    );
    const next = (last?.version ?? 0) + 1;
    await emit(tx, { ...systemContext(), actor }, [
      fact(contract, { type: 'test', id: aggregate, version: next }, data),
    ]);
    return next;
  });
  const [row] = await db.query<EventRow>(
    sql`SELECT * FROM events.event WHERE aggregate_id = ${aggregate} AND aggregate_version = ${version}`,
  );
  if (!row) throw new Error('the event was not stored');
  return fromRow(row);
}

/** The service's parts on a database of their own, with a mail server; time passes when a test says so. */
export async function startNotifications() {
  const test = await createTestDatabase();
  const db = new Database({ url: test.url, service: 'notifications' });
  const auth = new StubAuth();
  const smtp = await new TestSmtp().start();
  const texts = new KeptTexts();
  const mailer = () => new SmtpMailer({ url: smtp.url, from: config.from, connections: 2 });
  const worker = (more: { awayMs?: number } = {}) =>
    new SendDeliveries(db, auth, mailer(), texts, { ...config, ...more });
  const job = worker();
  const list = (awayMs = 0) => new ListMessages(db, { ...config, awayMs }).run();
  return {
    db,
    auth,
    smtp,
    texts,
    mailer,
    worker,
    job,
    list,
    /** Something happens, and the service hears of it. */
    async happen<E extends EventContract>(
      contract: E,
      what: Parameters<typeof storeEvent<E>>[2],
    ): Promise<EventMessage> {
      const message = await storeEvent(db, contract, what);
      await deliver(db, notificationFacts, message);
      return message;
    },
    /** As the owner of the tables, which the service is not. */
    asOwner: (statement: string) => withClient(test.url, (client) => client.query(statement)),
    passTime: () =>
      db.execute(
        sql`UPDATE notifications.delivery SET next_at = now() - interval '1 second' WHERE status = 'PENDING'`,
      ),
    /** How many deliveries could be sent now. */
    due: async () => {
      const [row] = await db.query<{ due: number }>(sql`
        SELECT count(*) AS due FROM notifications.delivery WHERE status = 'PENDING' AND next_at <= now()`);
      return row?.due;
    },
    deliveriesOf: (userId: string) =>
      db.query<{ id: string; channel: string; status: string; attempts: number; error: string | null }>(sql`
        SELECT d.id, d.channel, d.status, d.attempts, d.error FROM notifications.delivery d
        JOIN notifications.notification n ON n.id = d.notification_id WHERE n.user_id = ${userId} ORDER BY d.created_at`),
    /** Of the person's list, the oldest first. */
    titlesOf: async (userId: string) => {
      const { items } = await listNotifications(db, userId, { page: 1, limit: 100 });
      return items.map(({ title }) => title).reverse();
    },
    /** What the service told about a person, in the order of the versions. */
    toldOf: async (userId: string) => {
      const rows = await db.query<{ type: string; version: number }>(sql`
        SELECT type, aggregate_version AS version FROM events.event
        WHERE type LIKE 'notification.%' AND data ->> 'userId' = ${userId} ORDER BY aggregate_id, aggregate_version`);
      return rows.map(({ type, version }) => `${type} ${version}`);
    },
    async close() {
      await job.onModuleDestroy();
      await smtp.stop();
      await db.close();
      await test.drop();
    },
  };
}

export type Notifications = Awaited<ReturnType<typeof startNotifications>>;

export const anOrder = (userId: string, more: Partial<OrderFact> = {}): OrderFact => ({
  orderId: newId(),
  number: 1001,
  userId,
  kind: 'CATALOG',
  status: 'PENDING',
  previousStatus: null,
  paymentStatus: 'PENDING',
  total: 1999,
  currency: 'USD',
  ...more,
});

export const aPayment = (userId: string) => ({
  paymentId: newId(),
  orderId: newId(),
  userId,
  provider: 'SANDBOX' as const,
  amount: 1999,
  currency: 'USD',
});
