import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { UserCreated, UserDeleted } from '@order-system/contracts/auth.contracts';
import { ChatClosed } from '@order-system/contracts/chat.contracts';
import type { Channel, NotificationKind } from '@order-system/contracts/notifications.contracts';
import {
  OrderCancelled,
  OrderCreated,
  OrderShipped,
  OrderUpdated,
} from '@order-system/contracts/orders.contracts';
import {
  PaymentFailed,
  PaymentRefunded,
  PaymentStarted,
  PaymentSucceeded,
} from '@order-system/contracts/payments.contracts';
import { deliver } from '@order-system/messaging/deliver';
import { sql } from '@order-system/prisma/sql';
import { aPayment, anOrder, type Notifications, startNotifications } from '../notifications.fixture.js';
import { MailboxMailer } from '../delivery/mailbox-mailer.js';
import { forgetPerson } from './forget-person.js';
import { notificationFacts } from './notification.consumer.js';
import { setPreferences } from './set-preferences.js';

let service: Notifications;
beforeAll(async () => {
  service = await startNotifications();
});
afterAll(() => service.close());

const choose = (userId: string, preferences: Partial<Record<NotificationKind, Channel[]>>) =>
  service.db.inTx((tx) => setPreferences(tx, { userId, preferences }));

it('tells of an order what happens to it, by its number', async () => {
  const { id: userId, email } = service.auth.add();
  const order = anOrder(userId, { number: 1234 });
  const aggregate = order.orderId;
  await service.happen(OrderCreated, {
    aggregate,
    data: { ...order, payBefore: null, createdAt: new Date() },
  });
  const moved = { ...order, status: 'PROCESSING', previousStatus: 'PENDING' } as const;
  await service.happen(OrderUpdated, { aggregate, data: moved });
  await service.happen(OrderUpdated, { aggregate, data: { ...moved, previousStatus: 'PROCESSING' } });
  await service.happen(OrderShipped, {
    aggregate,
    data: { ...order, status: 'SHIPPED', previousStatus: 'PROCESSING', trackingNumber: 'T1' },
  });
  const payment = { ...aPayment(userId), orderId: order.orderId };
  await service.happen(PaymentSucceeded, { data: payment });
  await service.happen(PaymentFailed, { data: { ...payment, message: 'Declined.' } });
  await service.happen(PaymentRefunded, {
    data: { ...payment, refunded: 1999, captured: 1999, reason: null },
  });
  await service.happen(ChatClosed, {
    data: { orderId: order.orderId, ownerId: userId, summary: '<b>Agreed</b>' },
  });
  const titles = [
    'Order 1234 received',
    'Order 1234 is being prepared',
    'Order 1234 is on its way',
    'Payment received for order 1234',
    'Payment failed for order 1234',
    'Refund for order 1234',
    'The room of order 1234 was closed',
  ];
  expect(await service.titlesOf(userId)).toEqual(titles);
  await service.job.run();
  expect(
    service.smtp
      .mailsTo(email)
      .map(({ subject }) => subject)
      .sort(),
  ).toEqual([...titles].sort());
  expect(service.smtp.mailsTo(email).find(({ subject }) => subject.includes('room'))?.raw).toContain(
    '&lt;b&gt;Agreed&lt;/b&gt;',
  );
});

it('tells of money that goes back at once only that it goes back', async () => {
  const { id: userId } = service.auth.add();
  const data = aPayment(userId);
  await service.happen(PaymentSucceeded, { data: { ...data, goesBack: true } });
  const reason = 'The order was cancelled';
  await service.happen(PaymentRefunded, { data: { ...data, refunded: 1999, captured: 1999, reason } });
  expect(await service.titlesOf(userId)).toEqual(['Refund for your order']);
});

it('sends the link of a payment that its owner did not start', async () => {
  const { id: userId, email } = service.auth.add();
  const data = { ...aPayment(userId), paymentUrl: 'https://pay.example/1' };
  await service.happen(PaymentStarted, { data, actor: { id: userId, role: 'user' } });
  await service.happen(PaymentStarted, { data: aPayment(userId) });
  await service.happen(PaymentStarted, { data });
  await service.job.run();
  expect(await service.titlesOf(userId)).toEqual(['Payment for your order']);
  expect(service.smtp.mailsTo(email).map(({ raw }) => raw)).toEqual([
    expect.stringContaining('https://pay.example/1'),
  ]);
});

describe('the channels that a person chose', () => {
  const welcome = async (channels: Channel[], user = {}) => {
    const one = service.auth.add(user);
    await choose(one.id, { WELCOME: channels });
    const event = await service.happen(UserCreated, {
      aggregate: one.id,
      data: { userId: one.id, role: 'user' },
    });
    await service.job.run();
    return { ...one, event };
  };

  it('are the only ones used', async () => {
    const mailed = await welcome(['EMAIL']);
    expect(service.smtp.mailsTo(mailed.email)).toHaveLength(1);
    expect(await service.titlesOf(mailed.id)).toEqual([]);
    expect(await service.toldOf(mailed.id)).toEqual(['notification.sent 1']);

    const listed = await welcome(['IN_APP']);
    expect(service.smtp.mailsTo(listed.email)).toEqual([]);
    expect(await service.titlesOf(listed.id)).toEqual(['Welcome']);

    const texted = await welcome(['SMS'], { phone: '+49 170 1234567' });
    expect(service.texts.sent.filter(({ to }) => to === texted.phone)).toEqual([
      expect.objectContaining({ text: 'Welcome' }),
    ]);
  });

  it('may be none, also for a replay after another choice', async () => {
    const { id, email, event } = await welcome([]);
    await choose(id, { WELCOME: ['EMAIL', 'IN_APP'] });
    await deliver(service.db, notificationFacts, event, { again: true });
    await service.job.run();
    expect(service.smtp.mailsTo(email)).toEqual([]);
    expect(await service.titlesOf(id)).toEqual([]);
  });

  it('say nothing of the person where they fail, whatever the error says', async () => {
    const phone = '+49 170 7654321';
    const sending = jest.spyOn(service.texts, 'send').mockRejectedValue(new Error(`no route to ${phone}`));
    const { id } = await welcome(['SMS'], { phone });
    sending.mockRestore();
    expect(await service.deliveriesOf(id)).toMatchObject([{ status: 'PENDING', error: 'Error' }]);
  });

  it('skip text messages to those without a phone', async () => {
    const { id } = await welcome(['SMS']);
    expect(await service.deliveriesOf(id)).toEqual([
      expect.objectContaining({ status: 'WITHDRAWN', error: 'there is no phone number' }),
    ]);
  });
});

it('forgets who deleted the account, and tells nothing more', async () => {
  const { id: userId, email } = service.auth.add();
  const order = anOrder(userId);
  const data = { ...order, payBefore: null, createdAt: new Date() };
  const placed = await service.happen(OrderCreated, { aggregate: order.orderId, data });
  await service.db.execute(sql`
    UPDATE notifications.notification SET data = '{"link":"https://shop.test/pay?secret=s3cr3t"}' WHERE user_id = ${userId}`);
  await choose(userId, { WELCOME: [] });
  // As where there is no SMTP server.
  const [delivery] = await service.deliveriesOf(userId);
  await service.db.execute(sql`
    INSERT INTO notifications.mail (id, "to", subject, text, html, message_id)
    VALUES (${delivery!.id}, ${email}, 'Order 1001', 'Hello Ada', '', 'm')`);
  await service.happen(UserDeleted, { aggregate: userId, data: { userId } });
  await service.happen(OrderCancelled, {
    aggregate: order.orderId,
    data: { ...order, status: 'CANCELLED', previousStatus: 'PENDING' },
  });
  await deliver(service.db, notificationFacts, placed, { again: true });
  await service.job.run();
  expect(service.smtp.mailsTo(email)).toEqual([]);
  const rows = await service.db.query(sql`
    SELECT title, body, data FROM notifications.notification WHERE user_id = ${userId}`);
  expect(rows).toEqual([{ title: '', body: '', data: {} }]);
  expect(await service.db.query(sql`SELECT FROM notifications.mail WHERE "to" = ${email}`)).toEqual([]);
  expect(await service.db.query(sql`SELECT FROM notifications.preference WHERE user_id = ${userId}`)).toEqual(
    [],
  );
});

it('keeps no mail in the mailbox that was on its way when the account was deleted', async () => {
  const mailer = new MailboxMailer(service.db);
  const mailFor = async (userId: string) => {
    const order = anOrder(userId);
    const data = { ...order, payBefore: null, createdAt: new Date() };
    await service.happen(OrderCreated, { aggregate: order.orderId, data });
    const [delivery] = await service.deliveriesOf(userId);
    const to = { name: 'Ada', address: `${userId}@example.com` };
    const text = { subject: 'Order 1001', text: 'Hello Ada', html: '' };
    return { id: delivery!.id, messageId: `<${delivery!.id}@example.com>`, to, ...text };
  };
  const [gone, stays] = [service.auth.add().id, service.auth.add().id];
  const [late, other] = [await mailFor(gone), await mailFor(stays)];
  const sending = await service.db.inTx(async (tx) => {
    await forgetPerson(tx, { userId: gone });
    return { done: Promise.all([mailer.send(late), mailer.send(other)]) };
  });
  await sending.done;
  const kept = await service.db.query<{ id: string }>(sql`
    SELECT id FROM notifications.mail WHERE id = ANY(${[late.id, other.id]})`);
  expect(kept).toEqual([{ id: other.id }]);
});
