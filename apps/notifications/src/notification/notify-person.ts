import { NotificationCreated, type NotificationKind } from '@order-system/contracts/notifications.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import { emit, fact } from '@order-system/messaging/outbox';
import type { Tx } from '@order-system/prisma/database';
import { usualChannels } from './channels.rules.js';
import { insertNotification, type NotificationData } from './notification.store.js';
import type { Text } from './texts.rules.js';

export interface News extends Text {
  eventId: string;
  userId: string;
  kind: NotificationKind;
  orderId?: string;
  data?: NotificationData;
}

/**
 * Tells a person of an event by the channels they chose. The row is made also for those who chose none: the same event
 * again tells nobody anything, whatever was chosen meanwhile.
 */
export async function notifyPerson(tx: Tx, { data = {}, ...news }: News, ctx: MessageContext): Promise<void> {
  const { userId, kind, title, body } = news;
  const orderId = news.orderId ?? null;
  const wanted = {
    ...news,
    orderId,
    data,
    usualChannels: usualChannels(kind),
    correlationId: ctx.correlationId,
  };
  const made = await insertNotification(tx, wanted);
  if (!made?.inApp) return;
  const { id, createdAt } = made;
  const notification = { id, createdAt, kind, title, body, orderId, read: false };
  await emit(tx, ctx, [
    fact(NotificationCreated, { type: 'notification', id, version: 1 }, { userId, notification }),
  ]);
}
