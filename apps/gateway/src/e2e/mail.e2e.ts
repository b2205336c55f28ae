import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { WireOutput } from '@order-system/contracts/define';
import type { GetEvent, ListDeadLetters, RedriveDeadLetter } from '@order-system/contracts/events.contracts';
import { eventually } from '@order-system/messaging/testing/eventually';
import { startSystem, type System } from '@order-system/testing/system';
import { TestSmtp } from '@order-system/testing/test-smtp';
import {
  type Client,
  givenAdmin,
  givenOrder,
  givenPaidOrder,
  givenProduct,
  givenUser,
  type Order,
  pay,
  type Product,
  times,
} from './client.js';

type Event = WireOutput<typeof GetEvent>;
type Letter = WireOutput<typeof ListDeadLetters>['items'][number];
type Redriven = WireOutput<typeof RedriveDeadLetter>;

const PATIENCE_MS = 40_000;
/** 15 seconds in all: longer than any outage here. */
const LADDER = times(30, () => '500ms').join(',');

// A system of its own: it speaks to a mail server that fails on demand.
let smtp: TestSmtp;
let platform: System;
let admin: Client;
let product: Product;
beforeAll(async () => {
  smtp = await new TestSmtp().start();
  platform = await startSystem({
    SMTP_URL: smtp.url,
    MAIL_RETRY_LADDER: LADDER,
    AWAY_AFTER: '0s',
    MAIL_FROM: 'Shop <shop@shop.example>',
  });
  admin = await givenAdmin(platform.url);
  product = await givenProduct(admin);
});
afterAll(async () => {
  await platform?.stop();
  await smtp.stop();
});

const addressOf = (user: Client): string => user.session?.user.email ?? '';
const mailsTo = (user: Client) => smtp.mailsTo(addressOf(user));
const subjectsTo = (user: Client) =>
  mailsTo(user)
    .map(({ subject }) => subject)
    .sort();
const toldOf =
  (user: Client) =>
  async (type: string): Promise<Event[]> => {
    const events = await admin.ask<Event[]>('GET', `/events?type=${type}&limit=100`);
    return events.filter(({ data }) => (data as { userId?: string }).userId === user.userId);
  };
const lettersOf = async (user: Client): Promise<Letter[]> => {
  const [failed, letters] = await Promise.all([
    toldOf(user)('notification.failed'),
    admin.ask<Letter[]>('GET', '/events/dead-letters?limit=100&consumer=notifications.mail'),
  ]);
  const about = failed.map(({ aggregate }) => aggregate.id);
  return letters.filter(({ message }) => about.includes((message as unknown as Event).aggregate.id));
};
const purchaseOf = ({ number }: Order): string[] =>
  [
    'Welcome',
    `Order ${number} received`,
    `Payment received for order ${number}`,
    `Order ${number} is being prepared`,
  ].sort();
const redrive = (letter: Letter): Promise<Redriven> =>
  admin.ask('POST', `/events/dead-letters/${letter.id}/redrive`);

describe('a mail', () => {
  it('comes from the shop, as text and HTML, under an id of its own', async () => {
    const user = await givenUser(platform.url);
    const order = await givenPaidOrder(user, product);
    await eventually(() => expect(subjectsTo(user)).toEqual(purchaseOf(order)), PATIENCE_MS);
    const mails = mailsTo(user);
    expect(new Set(mails.map(({ messageId }) => messageId)).size).toBe(4);
    for (const { raw, messageId } of mails) {
      expect(messageId).toMatch(/^<[0-9a-f-]{36}@shop\.example>$/);
      for (const part of [
        /^From: Shop <shop@shop\.example>/m,
        /text\/plain/,
        /text\/html/,
        /^Auto-Submitted: /m,
      ])
        expect(raw).toMatch(part);
    }
    await eventually(
      async () => expect(await toldOf(user)('notification.sent')).toHaveLength(4),
      PATIENCE_MS,
    );
  });

  it('about a message comes once, however much the staff writes, until it is read', async () => {
    const user = await givenUser(platform.url);
    const { order } = await givenOrder(user, product);
    const say = (content: string) =>
      eventually(() => admin.ask('POST', `/chat/${order.id}/messages`, { content }));
    const about = `New message about order ${order.number}`;
    const count = () => subjectsTo(user).filter((subject) => subject === about).length;
    await say('Which colour?');
    await say('Blue is gone.');
    await eventually(() => expect(count()).toBe(1), PATIENCE_MS);
    await user.ask('POST', `/chat/${order.id}/read`, { seq: 2 });
    await eventually(async () => {
      const unread = await user.ask<{ kind: string }[]>('GET', '/notifications?unread=true');
      expect(unread.map(({ kind }) => kind)).not.toContain('NEW_MESSAGE');
    });
    await say('Green then?');
    await eventually(() => expect(count()).toBe(2), PATIENCE_MS);
  });
});

describe('a mail server that is away', () => {
  it('holds up no order, and afterwards everything arrives once', async () => {
    await smtp.stop();
    const users = await Promise.all(times(5, () => givenUser(platform.url)));
    const orders = await Promise.all(users.map((user) => givenPaidOrder(user, product)));
    for (const order of orders) expect(order).toMatchObject({ status: 'PROCESSING', paymentStatus: 'PAID' });
    for (const user of users) expect(mailsTo(user)).toEqual([]);
    await smtp.start();
    for (const [index, user] of users.entries())
      await eventually(() => expect(subjectsTo(user)).toEqual(purchaseOf(orders[index]!)), PATIENCE_MS);
    for (const [index, user] of users.entries()) {
      await eventually(
        async () => expect(await toldOf(user)('notification.sent')).toHaveLength(4),
        PATIENCE_MS,
      );
      expect(subjectsTo(user)).toEqual(purchaseOf(orders[index]!));
      expect(await lettersOf(user)).toEqual([]);
    }
  });

  it('and takes a mail without saying so gets it again under the same id', async () => {
    smtp.silent = 1;
    const user = await givenUser(platform.url);
    await eventually(() => expect(mailsTo(user)).toHaveLength(2), PATIENCE_MS);
    const [first, second] = mailsTo(user);
    expect(second?.messageId).toBe(first?.messageId);
    await eventually(
      async () => expect(await toldOf(user)('notification.sent')).toHaveLength(1),
      PATIENCE_MS,
    );
    expect(mailsTo(user)).toHaveLength(2);
  });
});

describe('an address that is refused', () => {
  it('leaves a dead letter, not a failed order, and gets its mail once after the mending', async () => {
    const user = await givenUser(platform.url);
    await eventually(() => expect(mailsTo(user)).toHaveLength(1), PATIENCE_MS);
    smtp.refused.add(addressOf(user));
    const order = await pay(user, await givenOrder(user, product));
    expect(order.status).toBe('PROCESSING');
    const letters = await eventually(async () => {
      const found = await lettersOf(user);
      expect(found).toHaveLength(3);
      return found;
    }, PATIENCE_MS);
    for (const letter of letters) {
      expect(letter).toMatchObject({ consumer: 'notifications.mail', attempts: 1 });
      expect(letter.error).toContain('550');
    }
    const failed = await toldOf(user)('notification.failed');
    expect(failed.map(({ data }) => data)).toEqual(
      times(3, () => expect.objectContaining({ channel: 'EMAIL', error: expect.stringContaining('550') })),
    );
    // Neither a letter nor an event says to whom.
    expect(JSON.stringify([letters, failed])).not.toContain(addressOf(user));

    expect((await redrive(letters[0]!)).outcome).toBe('consumed');
    await eventually(
      async () => expect(await toldOf(user)('notification.failed')).toHaveLength(4),
      PATIENCE_MS,
    );
    expect(await lettersOf(user)).toHaveLength(3);

    smtp.refused.delete(addressOf(user));
    for (const letter of await lettersOf(user)) expect((await redrive(letter)).outcome).toBe('consumed');
    await eventually(() => expect(subjectsTo(user)).toEqual(purchaseOf(order)), PATIENCE_MS);
    await eventually(
      async () => expect(await toldOf(user)('notification.sent')).toHaveLength(4),
      PATIENCE_MS,
    );
    expect(await lettersOf(user)).toEqual([]);
    expect((await admin.send('POST', `/events/dead-letters/${letters[1]?.id}/redrive`)).outcome).toEqual([
      404,
      'NOT_FOUND',
    ]);
    expect(subjectsTo(user)).toEqual(purchaseOf(order));
  });
});
