import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { UserCreated } from '@order-system/contracts/auth.contracts';
import { OrderCreated } from '@order-system/contracts/orders.contracts';
import { deliver } from '@order-system/messaging/deliver';
import { type EventRow, fromRow, type EventMessage } from '@order-system/messaging/events';
import { eventually } from '@order-system/messaging/testing/eventually';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { notificationFacts } from '../notification/notification.consumer.js';
import { anOrder, type Notifications, startNotifications } from '../notifications.fixture.js';
import { undeliveredMail } from './delivery.consumer.js';
import { claimDeliveries, markSent } from './delivery.store.js';
import { DeliveryError } from './mailer.js';
import { renderMail } from './render-mail.js';
import { WIDTH } from './send-deliveries.job.js';
import { SmtpMailer } from './smtp-mailer.js';

const A_LONG_TIME_MS = 30_000;

let service: Notifications;
beforeAll(async () => {
  service = await startNotifications();
});
afterAll(() => service.close());

/** Somebody who registers, and so gets one mail. */
async function somebodyNew(email?: string) {
  const user = service.auth.add(email === undefined ? {} : { email });
  const event = await service.happen(UserCreated, {
    aggregate: user.id,
    data: { userId: user.id, role: 'user' },
  });
  return { ...user, event };
}

const lettersAbout = (deliveryId: string) =>
  service.db.query<{ attempts: number; error: string; event_id: string; message: EventMessage }>(sql`
    SELECT attempts, error, event_id, message FROM events.dead_letter
    WHERE consumer = 'notifications.mail' AND message -> 'data' ->> 'deliveryId' = ${deliveryId}`);

it('sends one mail per fact, however often it is told and whoever works', async () => {
  const user = await somebodyNew();
  await deliver(service.db, notificationFacts, user.event);
  await deliver(service.db, notificationFacts, user.event, { again: true });
  const other = service.worker();
  await Promise.all([service.job.run(), other.run(), service.job.run()]);
  await other.onModuleDestroy();
  const [delivery] = await service.deliveriesOf(user.id);
  expect(service.smtp.mailsTo(user.email)).toEqual([
    expect.objectContaining({
      to: [user.email],
      subject: 'Welcome',
      messageId: `<${delivery?.id}@shop.example>`,
    }),
  ]);
  const { raw = '' } = service.smtp.mailsTo(user.email)[0] ?? {};
  expect(raw).toContain('From: Shop <shop@shop.example>');
  expect(raw).toMatch(
    /multipart\/alternative[^]*text\/plain[^]*Hello Ada,[^]*text\/html[^]*<p>Hello Ada,<\/p>/,
  );
  expect(delivery).toMatchObject({ status: 'SENT', attempts: 1, error: null });
  expect(await service.toldOf(user.id)).toEqual(['notification.created 1', 'notification.sent 2']);
});

it('is marked as sent, and told of, once by two who were at it', async () => {
  const user = await somebodyNew();
  const [delivery] = await claimDeliveries(service.db, { channels: ['EMAIL'], most: 1, awayMs: 0 });
  for (const _ of [1, 2]) await service.db.inTx((tx) => markSent(tx, [delivery!]));
  expect(await service.toldOf(user.id)).toEqual(['notification.created 1', 'notification.sent 2']);
});

describe('what was sent is marked', () => {
  beforeEach(() => service.job.run());

  it('before others are begun, when sending takes long: nobody else takes it for unsent', async () => {
    const users = await Promise.all(Array.from({ length: 4 * WIDTH }, () => somebodyNew()));
    const isSent = async ({ id }: { id: string }) => (await service.deliveriesOf(id))[0]?.status === 'SENT';
    let begun = 0;
    const marked: number[] = [];
    const clock = jest.spyOn(performance, 'now');
    const sending = jest.spyOn(SmtpMailer.prototype, 'send').mockImplementation(async () => {
      begun += 1;
      const at = performance.now();
      if (begun % WIDTH === 1) marked.push((await Promise.all(users.map(isSent))).filter(Boolean).length);
      if (begun % WIDTH === 0) clock.mockReturnValue(at + A_LONG_TIME_MS);
    });
    while ((await service.due()) !== 0) await service.job.run();
    jest.restoreAllMocks();
    expect(sending).toHaveBeenCalledTimes(users.length);
    expect(marked).toEqual([0, WIDTH, 2 * WIDTH, 3 * WIDTH]);
  });

  it('also when another delivery could not be put off', async () => {
    const users = await Promise.all(Array.from({ length: WIDTH }, () => somebodyNew()));
    const sending = jest
      .spyOn(SmtpMailer.prototype, 'send')
      .mockRejectedValueOnce(new DeliveryError('SMTP 451'));
    jest.spyOn(service.db, 'execute').mockRejectedValueOnce(new Error('lock timeout'));
    await expect(service.job.run()).rejects.toThrow('lock timeout');
    await service.passTime();
    await service.job.run();
    expect(sending).toHaveBeenCalledTimes(WIDTH + 1);
    jest.restoreAllMocks();
    for (const { email } of users) expect(service.smtp.mailsTo(email)).toHaveLength(1);
  });
});

it('loses and doubles nothing while the server is down', async () => {
  await service.smtp.stop();
  const users = [await somebodyNew(), await somebodyNew(), await somebodyNew()];
  await service.job.run();
  for (const { id } of users)
    expect(await service.deliveriesOf(id)).toEqual([
      expect.objectContaining({ status: 'PENDING', attempts: 1 }),
    ]);
  await service.smtp.start();
  await service.job.run();
  expect(service.smtp.mailsTo(users[0]!.email)).toEqual([]);
  await service.passTime();
  await service.job.run();
  await service.passTime();
  await service.job.run();
  for (const { email } of users) expect(service.smtp.mailsTo(email)).toHaveLength(1);
});

it('sends the same mail again when the answer was lost', async () => {
  const user = await somebodyNew();
  service.smtp.silent = 1;
  // One attempt may go to a connection that the last outage broke.
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    await service.job.run();
    await service.passTime();
  }
  const ids = service.smtp.mailsTo(user.email).map(({ messageId }) => messageId);
  expect(ids.length).toBeGreaterThan(1);
  expect(new Set(ids).size).toBe(1);
  expect(await service.toldOf(user.id)).toEqual(['notification.created 1', 'notification.sent 2']);
});

it('sends the same mail again after a crash between sending and marking, once its lease is over', async () => {
  const user = await somebodyNew();
  const [claimed] = await claimDeliveries(service.db, { channels: ['EMAIL'], most: 1, awayMs: 0 });
  const { id: deliveryId = '', title = '', body = '' } = claimed ?? {};
  const mailer = service.mailer();
  await mailer.send(renderMail({ deliveryId, title, body, to: user, domain: 'shop.example' }));
  mailer.close();
  await service.job.run();
  expect(service.smtp.mailsTo(user.email)).toHaveLength(1);
  await service.passTime();
  await service.job.run();
  const [first, second, ...more] = service.smtp.mailsTo(user.email);
  expect(more).toEqual([]);
  expect(second?.messageId).toBe(first?.messageId);
  expect(await service.toldOf(user.id)).toEqual(['notification.created 1', 'notification.sent 2']);
});

it('sends one mail when the database was away between sending and marking', async () => {
  const user = await somebodyNew();
  await service.asOwner(
    `ALTER TABLE notifications.delivery ADD CONSTRAINT away CHECK (status <> 'SENT') NOT VALID`,
  );
  const running = service.job.run();
  await eventually(() => expect(service.smtp.mailsTo(user.email)).toHaveLength(1));
  await service.asOwner('ALTER TABLE notifications.delivery DROP CONSTRAINT away');
  await running;
  await service.passTime();
  await service.job.run();
  expect(service.smtp.mailsTo(user.email)).toHaveLength(1);
  expect(await service.deliveriesOf(user.id)).toEqual([
    expect.objectContaining({ status: 'SENT', attempts: 1 }),
  ]);
});

it('keeps a refused recipient as a dead letter that names nobody, and sends it when it is redriven', async () => {
  const user = await somebodyNew('canary@example.com');
  service.smtp.refused.add(user.email);
  await service.job.run();
  const [failed] = await service.deliveriesOf(user.id);
  expect(failed).toMatchObject({ status: 'FAILED', attempts: 1, error: 'SMTP EENVELOPE 550 at RCPT TO' });
  expect(await service.toldOf(user.id)).toEqual(['notification.created 1', 'notification.failed 2']);
  const [letter] = await lettersAbout(failed?.id ?? '');
  expect(letter).toMatchObject({ attempts: 1, error: failed?.error, event_id: letter?.message.id });
  const [traces] = await service.db.query<{ found: number }>(sql`
    SELECT (SELECT count(*) FROM events.dead_letter d WHERE d::text LIKE '%canary%')
      + (SELECT count(*) FROM events.event e WHERE e::text LIKE '%canary%') AS found`);
  expect(traces).toEqual({ found: 0 });

  service.smtp.refused.delete(user.email);
  const redrive = () => deliver(service.db, undeliveredMail, { ...letter!.message, occurredAt: new Date() });
  expect([await redrive(), await redrive()]).toEqual(['consumed', 'duplicate']);
  await service.job.run();
  expect(service.smtp.mailsTo(user.email).map(({ messageId }) => messageId)).toEqual([
    `<${failed?.id}@shop.example>`,
  ]);
  expect(await service.toldOf(user.id)).toEqual([
    'notification.created 1',
    'notification.failed 2',
    'notification.sent 3',
  ]);
});

it('gives up when the last attempt has failed', async () => {
  const user = await somebodyNew();
  await service.smtp.stop();
  for (let attempt = 1; attempt <= 4; attempt += 1) {
    await service.job.run();
    await service.passTime();
  }
  await service.smtp.start();
  const [failed] = await service.deliveriesOf(user.id);
  expect(failed).toMatchObject({ status: 'FAILED', attempts: 3 });
  expect(await lettersAbout(failed?.id ?? '')).toEqual([expect.objectContaining({ attempts: 3 })]);
});

it('spends no attempt while nobody can say where to', async () => {
  const user = await somebodyNew();
  service.auth.isAway = true;
  for (let attempt = 1; attempt <= 4; attempt += 1) {
    await service.job.run();
    expect(await service.deliveriesOf(user.id)).toEqual([
      expect.objectContaining({ status: 'PENDING', attempts: 0 }),
    ]);
    await service.passTime();
  }
  service.auth.isAway = false;
  await service.job.run();
  expect(service.smtp.mailsTo(user.email)).toHaveLength(1);
});

it('does not ask for the others when nobody can say where to', async () => {
  await service.job.run();
  const people = await Promise.all(Array.from({ length: 25 }, () => somebodyNew()));
  service.auth.isAway = true;
  await service.job.run();
  service.auth.isAway = false;
  // A batch waits, the rest was not touched.
  expect(await service.due()).toBe(5);
  await service.passTime();
  await service.job.run();
  for (const { email } of people) expect(service.smtp.mailsTo(email)).toHaveLength(1);
});

it('withdraws at once what is for an account that is gone', async () => {
  const userId = newId();
  await service.happen(OrderCreated, {
    data: { ...anOrder(userId), payBefore: null, createdAt: new Date() },
  });
  await service.job.run();
  expect(await service.deliveriesOf(userId)).toEqual([
    expect.objectContaining({ status: 'WITHDRAWN', error: 'the account is gone' }),
  ]);
  expect(await service.toldOf(userId)).toEqual(['notification.created 1']);
});

it('sends nothing when every event is replayed', async () => {
  const rows = await service.db.query<EventRow>(sql`SELECT * FROM events.event ORDER BY occurred_at`);
  const state = () =>
    service.db.query(sql`
      SELECT (SELECT count(*) FROM events.event) AS events, (SELECT count(*) FROM notifications.notification) AS told,
        (SELECT count(*) FROM notifications.delivery) AS deliveries`);
  const [before, mails] = [await state(), service.smtp.received.length];
  const known = rows.map(fromRow).filter(({ type }) => notificationFacts.types.includes(type));
  expect(known.length).toBeGreaterThan(5);
  for (const message of known)
    expect(await deliver(service.db, notificationFacts, message, { again: true })).toBe('consumed');
  await service.job.run();
  expect(await state()).toEqual(before);
  expect(service.smtp.received).toHaveLength(mails);
});
