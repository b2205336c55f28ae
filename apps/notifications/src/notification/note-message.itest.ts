import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ChatMessageSent, ChatRead } from '@order-system/contracts/chat.contracts';
import { deliver } from '@order-system/messaging/deliver';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { type Notifications, startNotifications } from '../notifications.fixture.js';
import { notificationFacts } from './notification.consumer.js';
import { setPreferences } from './set-preferences.js';

let service: Notifications;
beforeAll(async () => {
  service = await startNotifications();
});
afterAll(() => service.close());

describe('messages of the staff', () => {
  const room = () => {
    const { id: ownerId, email } = service.auth.add();
    const [orderId, aggregate, senderId] = [newId(), newId(), newId()];
    const say = (seq: number, who: Partial<{ senderId: string; senderRole: 'user' | 'admin' }> = {}) => {
      const sender = { senderId, senderRole: 'admin' as const, ...who };
      const message = {
        id: newId(),
        orderId,
        seq,
        content: `Message ${seq}`,
        createdAt: new Date(),
        ...sender,
      };
      return service.happen(ChatMessageSent, { aggregate, data: { message, ownerId } });
    };
    const read = (seq: number) =>
      service.happen(ChatRead, { aggregate, data: { orderId, ownerId, userId: ownerId, seq } });
    return { ownerId, email, orderId, say, read };
  };

  it('are told of once until they are read', async () => {
    const { ownerId, email, say, read } = room();
    await say(1, { senderId: ownerId, senderRole: 'user' });
    const events = [await say(2), await say(3), await say(4)];
    await service.list();
    await service.job.run();
    expect(service.smtp.mailsTo(email)).toHaveLength(1);
    await read(3);
    await say(5);
    await service.job.run();
    expect(service.smtp.mailsTo(email)).toHaveLength(1);
    await read(5);
    await say(6);
    await service.job.run();
    expect(service.smtp.mailsTo(email)).toHaveLength(2);
    await service.list();
    for (const event of events) await deliver(service.db, notificationFacts, event, { again: true });
    await service.job.run();
    expect(service.smtp.mailsTo(email)).toHaveLength(2);
    expect(await service.titlesOf(ownerId)).toHaveLength(2);
  });

  it('are told of again when nobody took the mail about them', async () => {
    const { ownerId, email, say } = room();
    await say(1);
    await service.list();
    await service.db.execute(sql`
      UPDATE notifications.delivery d SET status = 'FAILED' FROM notifications.notification n
      WHERE n.id = d.notification_id AND n.user_id = ${ownerId} AND d.channel = 'EMAIL'`);
    await say(2);
    await service.job.run();
    expect(service.smtp.mailsTo(email)).toHaveLength(1);
  });

  it('are read by who answers them: the next one is told of again', async () => {
    const { ownerId, email, say } = room();
    const answer = (seq: number) => say(seq, { senderId: ownerId, senderRole: 'user' });
    await say(1);
    await service.job.run();
    await answer(2);
    await say(3);
    await service.job.run();
    expect(service.smtp.mailsTo(email)).toHaveLength(2);
    await say(4);
    await answer(5);
    await service.list();
    await service.job.run();
    expect(service.smtp.mailsTo(email)).toHaveLength(2);
    expect(await service.titlesOf(ownerId)).toEqual([]);
  });

  it('are not told to who wrote them, staff that have ordered something themselves', async () => {
    const { ownerId, say } = room();
    await say(1, { senderId: ownerId });
    expect(await service.deliveriesOf(ownerId)).toEqual([]);
  });

  it('are neither listed for nor mailed to who is there to read them', async () => {
    const { ownerId, email, say, read } = room();
    const patient = service.worker({ awayMs: 3_600_000 });
    await say(1);
    await service.list(3_600_000);
    await patient.run();
    await read(1);
    await patient.onModuleDestroy();
    const waiting = expect.objectContaining({ status: 'PENDING', attempts: 0 });
    expect(await service.deliveriesOf(ownerId)).toEqual([waiting, waiting]);
    await service.list();
    await service.job.run();
    expect(service.smtp.mailsTo(email)).toEqual([]);
    expect(await service.titlesOf(ownerId)).toEqual([]);
    expect(await service.toldOf(ownerId)).toEqual([]);
    const withdrawn = expect.objectContaining({ status: 'WITHDRAWN' });
    expect(await service.deliveriesOf(ownerId)).toEqual([withdrawn, withdrawn]);
  });

  it('are listed soon for who is away, and mailed later', async () => {
    const { ownerId, email, say } = room();
    const patient = service.worker({ awayMs: 3_600_000 });
    await say(1);
    await service.list(3_600_000);
    expect(await service.titlesOf(ownerId)).toEqual([]);
    await service.db.execute(sql`
      UPDATE notifications.notification SET created_at = now() - interval '6 seconds' WHERE user_id = ${ownerId}`);
    await Promise.all([service.list(3_600_000), service.list(3_600_000), patient.run()]);
    await patient.onModuleDestroy();
    expect(await service.titlesOf(ownerId)).toEqual(['New message about your order']);
    expect(await service.toldOf(ownerId)).toEqual(['notification.created 1']);
    expect(service.smtp.mailsTo(email)).toEqual([]);
    await service.job.run();
    expect(service.smtp.mailsTo(email)).toHaveLength(1);
    expect(await service.toldOf(ownerId)).toEqual(['notification.created 1', 'notification.sent 2']);
  });

  it('are listed only where that was chosen', async () => {
    const { ownerId, email, say } = room();
    const preferences = { NEW_MESSAGE: ['EMAIL' as const] };
    await service.db.inTx((tx) => setPreferences(tx, { userId: ownerId, preferences }));
    await say(1);
    await service.list();
    await service.job.run();
    expect(await service.titlesOf(ownerId)).toEqual([]);
    expect(service.smtp.mailsTo(email)).toHaveLength(1);
  });

  it('are told of again once that is wanted, though those before are unread', async () => {
    const { ownerId, email, say } = room();
    const choose = (...channels: ('EMAIL' | 'SMS')[]) =>
      service.db.inTx((tx) =>
        setPreferences(tx, { userId: ownerId, preferences: { NEW_MESSAGE: channels } }),
      );
    await choose();
    const unheard = await say(1);
    await choose('SMS');
    await say(2);
    await service.job.run();
    await choose('EMAIL');
    await say(3);
    await say(4);
    await deliver(service.db, notificationFacts, unheard, { again: true });
    await service.job.run();
    expect(service.smtp.mailsTo(email)).toHaveLength(1);
  });
});
