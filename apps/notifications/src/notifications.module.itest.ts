import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { GetContacts, UserCreated } from '@order-system/contracts/auth.contracts';
import type { CallInput } from '@order-system/contracts/define';
import { redeliver } from '@order-system/contracts/events.contracts';
import {
  Announce,
  GetPreferences,
  ListMailbox,
  ListNotifications,
  ReadAllNotifications,
  ReadNotification,
  SetPreferences,
} from '@order-system/contracts/notifications.contracts';
import { PaymentSucceeded } from '@order-system/contracts/payments.contracts';
import { type MessageContext, systemContext } from '@order-system/messaging/context';
import { fact, toMessage } from '@order-system/messaging/outbox';
import { eventually } from '@order-system/messaging/testing/eventually';
import { localTransport } from '@order-system/messaging/transport';
import { Database } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { createTestDatabase } from '@order-system/prisma/testing/test-database';
import { startService } from '@order-system/service-host/start-service';
import { Undelivered } from './delivery/undelivered.js';
import { aPayment, StubAuth, storeEvent } from './notifications.fixture.js';
import { notifications } from './notifications.module.js';

const transport = localTransport();
const { rpc } = transport;
const auth = new StubAuth();
const closing: (() => Promise<unknown>)[] = [];
let db: Database;

beforeAll(async () => {
  delete process.env['SMTP_URL'];
  const accounts = transport.rpcServer('auth');
  const answer = async (input: { ids: string[] }) => auth.contacts(input);
  accounts.addHandler(GetContacts.name, answer, false, { call: GetContacts });
  accounts.listen(() => undefined);
  const database = await createTestDatabase();
  db = new Database({ url: database.url, service: 'notifications' });
  const service = await startService(notifications, {
    transport,
    database: { url: database.url, poolSize: 5 },
    ladder: [5000],
    catchUpEveryMs: 60_000,
  });
  closing.push(
    () => service.close(),
    () => transport.close(),
    () => db.close(),
    () => database.drop(),
  );
});
afterAll(async () => {
  for (const close of closing) await close();
});

const as = (id: string | null, role: 'user' | 'admin' | 'guest' = 'user', key?: string): MessageContext => ({
  ...systemContext(),
  actor: { id, role },
  ...(key === undefined ? {} : { idempotencyKey: key }),
});
const page = { page: 1, limit: 20 };
const register = async () => {
  const user = auth.add();
  await storeEvent(db, UserCreated, { aggregate: user.id, data: { userId: user.id, role: 'user' } });
  return user;
};

it('puts mail where admins can read it when there is no SMTP server', async () => {
  const user = await register();
  const mailbox = () =>
    rpc.call(ListMailbox, { ...page, to: user.email.toUpperCase() }, as(newId(), 'admin'));
  await eventually(async () => expect((await mailbox()).total).toBe(1));
  const [mail] = (await mailbox()).items;
  expect(mail).toMatchObject({ to: user.email, subject: 'Welcome', messageId: `<${mail?.id}@localhost>` });
  await expect(rpc.call(ListMailbox, page, as(user.id))).rejects.toMatchObject({ code: 'FORBIDDEN' });
});

it('lists what is unread, and marks it, for its owner only', async () => {
  const [user, stranger] = [await register(), newId()];
  await storeEvent(db, PaymentSucceeded, { data: aPayment(user.id) });
  const list = (unread?: boolean, who = as(user.id)) => rpc.call(ListNotifications, { ...page, unread }, who);
  await eventually(async () => expect((await list()).total).toBe(2));
  const { items, unread } = await list(true);
  expect(unread).toBe(2);
  expect(items.map(({ kind }) => kind).sort()).toEqual(['PAYMENT_SUCCEEDED', 'WELCOME']);
  const id = items[0]?.id ?? '';

  for (const who of [as(stranger), as(stranger, 'admin')])
    await expect(rpc.call(ReadNotification, { id }, who)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(await rpc.call(ReadAllNotifications, {}, as(stranger))).toEqual({ read: 0 });
  expect(await list(undefined, as(stranger))).toEqual({ items: [], total: 0, unread: 0 });
  await expect(list(undefined, as(null, 'guest'))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });

  expect(await rpc.call(ReadNotification, { id }, as(user.id))).toEqual({ ...items[0], read: true });
  expect(await list(true)).toMatchObject({ total: 1, unread: 1 });
  expect(await list(false)).toMatchObject({ total: 1, items: [{ id }] });
  const all = () => rpc.call(ReadAllNotifications, {}, as(user.id, 'user', 'all-1'));
  expect([await all(), await all()]).toEqual([{ read: 1 }, { read: 1 }]);
  expect(await list()).toMatchObject({ total: 2, unread: 0 });
});

it('changes the preferences that are named', async () => {
  const id = newId();
  const set = (preferences: Parameters<typeof rpc.call<typeof SetPreferences>>[1]['preferences']) =>
    rpc.call(SetPreferences, { preferences }, as(id));
  await set({ ORDER_STATUS: ['SMS', 'SMS'] });
  await set({ NEW_MESSAGE: [] });
  const { preferences } = await rpc.call(GetPreferences, {}, as(id));
  expect(preferences).toMatchObject({ ORDER_STATUS: ['SMS'], NEW_MESSAGE: [], WELCOME: ['EMAIL', 'IN_APP'] });
  await set({ ORDER_STATUS: ['IN_APP'] });
  expect((await rpc.call(GetPreferences, {}, as(id))).preferences.ORDER_STATUS).toEqual(['IN_APP']);
});

it('announces once per key, and for admins only', async () => {
  const admin = newId();
  const announce = () => rpc.call(Announce, { message: 'Closed on Monday' }, as(admin, 'admin', 'a-1'));
  const [first, second] = [await announce(), await announce()];
  expect(second).toEqual(first);
  const events = await db.query(sql`SELECT data FROM events.event WHERE type = 'announcement.made'`);
  expect(events).toEqual([{ data: { message: 'Closed on Monday', at: first.at.toISOString() } }]);
  await expect(rpc.call(Announce, { message: 'x' }, as(newId()))).rejects.toMatchObject({
    code: 'FORBIDDEN',
  });
});

const redriven = (message: CallInput<ReturnType<typeof redeliver>>['message']) =>
  rpc.call(
    redeliver('notifications'),
    { consumer: 'notifications.mail', message, again: false },
    systemContext(),
  );

it('takes a dead letter back through the call that redrives', async () => {
  const ghost = newId();
  await storeEvent(db, PaymentSucceeded, { data: aPayment(ghost) });
  const fail = async () => {
    const [failed] = await db.query<{ id: string; notification: string; event: string }>(sql`
      UPDATE notifications.delivery d SET status = 'FAILED' FROM notifications.notification n
      WHERE d.status = 'WITHDRAWN' AND n.id = d.notification_id AND n.user_id = ${ghost}
      RETURNING d.id, n.id AS notification, n.event_id AS event`);
    return failed ?? Promise.reject(new Error('the mail to nobody was not withdrawn'));
  };
  const { id: deliveryId, notification, event: causationId } = await eventually(fail);
  const aggregate = { type: 'notification', id: notification, version: 2 };
  const message = toMessage(
    { ...systemContext(), causationId },
    fact(Undelivered, aggregate, { deliveryId }),
  );
  auth.add({ id: ghost, email: 'back@example.com' });
  const wire = JSON.parse(JSON.stringify(message)) as Parameters<typeof redriven>[0];
  expect(await redriven(wire)).toEqual({ outcome: 'consumed' });
  const mailbox = () => rpc.call(ListMailbox, { ...page, to: 'back@example.com' }, as(newId(), 'admin'));
  await eventually(async () => expect((await mailbox()).total).toBe(1));
});
