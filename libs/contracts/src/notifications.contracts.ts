import { z } from 'zod';
import { defineCall, defineEvent } from './define.js';
import { Id, Instant, Nothing, line, pageOf, paging, QueryFlag } from './primitives.js';

export const NotificationKind = z.enum([
  'WELCOME',
  'ORDER_PLACED',
  'ORDER_STATUS',
  'PAYMENT_DUE',
  'PAYMENT_SUCCEEDED',
  'PAYMENT_FAILED',
  'PAYMENT_REFUNDED',
  'ROOM_CLOSED',
  'NEW_MESSAGE',
]);
export type NotificationKind = z.output<typeof NotificationKind>;
export const Channel = z.enum(['EMAIL', 'IN_APP', 'SMS']);
export type Channel = z.output<typeof Channel>;

export const Notification = z.object({
  id: Id,
  kind: NotificationKind,
  title: z.string(),
  body: z.string(),
  orderId: Id.nullable(),
  read: z.boolean(),
  createdAt: Instant,
});
export type Notification = z.output<typeof Notification>;

export const ListNotifications = defineCall('notifications.list', {
  kind: 'query',
  input: z.strictObject({ ...paging, unread: QueryFlag.optional() }),
  output: pageOf(Notification).extend({ unread: z.int() }),
});
export const ReadNotification = defineCall('notifications.read', {
  kind: 'command',
  input: z.object({ id: Id }),
  output: Notification,
});
export const ReadAllNotifications = defineCall('notifications.readAll', {
  kind: 'command',
  input: Nothing,
  output: z.object({ read: z.int() }),
});

/** Per kind the channels it comes by. */
export const Preferences = z.record(NotificationKind, z.array(Channel).max(3));
export const GetPreferences = defineCall('notifications.preferences', {
  kind: 'query',
  input: Nothing,
  output: z.object({ preferences: Preferences }),
});
export const SetPreferences = defineCall('notifications.setPreferences', {
  kind: 'command',
  input: z.strictObject({ preferences: z.partialRecord(NotificationKind, z.array(Channel).max(3)) }),
  output: z.object({ preferences: Preferences }),
});

const Mail = z.object({
  id: Id,
  to: z.string(),
  subject: z.string(),
  text: z.string(),
  html: z.string(),
  messageId: z.string(),
  sentAt: Instant,
});
/** What was mailed without an SMTP server. */
export const ListMailbox = defineCall('notifications.mailbox', {
  kind: 'query',
  input: z.strictObject({ ...paging, to: z.string().max(254).optional() }),
  output: pageOf(Mail),
});

export const Announce = defineCall('notifications.announce', {
  kind: 'command',
  input: z.strictObject({ message: line(1000) }),
  output: z.object({ message: z.string(), at: Instant }),
});

const deliveryFact = z.object({ notificationId: Id, userId: Id, kind: NotificationKind, channel: Channel });
export const NotificationSent = defineEvent('notification.sent', 1, deliveryFact);
export const NotificationFailed = defineEvent(
  'notification.failed',
  1,
  deliveryFact.extend({ error: z.string() }),
);
/** An entry of somebody's in-app list, for the live push. */
export const NotificationCreated = defineEvent(
  'notification.created',
  1,
  z.object({ userId: Id, notification: Notification }),
);
export const AnnouncementMade = defineEvent(
  'announcement.made',
  1,
  z.object({ message: z.string(), at: Instant }),
);
