import type { CallInput, CallOutput } from '@order-system/contracts/define';
import type {
  Channel,
  ListMailbox,
  ListNotifications,
  Notification,
  NotificationKind,
} from '@order-system/contracts/notifications.contracts';
import type { Database } from '@order-system/prisma/database';
import type { Prisma } from '@order-system/prisma/generated/client';
import { preferencesOf } from './channels.rules.js';

const shown = {
  id: true,
  kind: true,
  title: true,
  body: true,
  orderId: true,
  readAt: true,
  createdAt: true,
} as const;
type Row = Prisma.NotificationGetPayload<{ select: typeof shown }>;

// The rows hold what the contracts let in, so `kind` is one of theirs.
const present = ({ readAt, kind, ...row }: Row): Notification => ({
  ...row,
  kind: kind as NotificationKind,
  read: readAt !== null,
});

/** Newest first. */
export async function listNotifications(
  db: Database,
  userId: string,
  { page, limit, unread }: CallInput<typeof ListNotifications>,
): Promise<CallOutput<typeof ListNotifications>> {
  const own = { userId, inApp: true };
  const wanted = unread === undefined ? {} : { readAt: unread ? null : { not: null } };
  const [rows, total, unreadCount] = await Promise.all([
    db.prisma.notification.findMany({
      where: { ...own, ...wanted },
      select: shown,
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      skip: (page - 1) * limit,
      take: limit,
    }),
    db.prisma.notification.count({ where: { ...own, ...wanted } }),
    db.prisma.notification.count({ where: { ...own, readAt: null } }),
  ]);
  return { items: rows.map(present), total, unread: unreadCount };
}

export async function readPreferences(
  db: Database,
  userId: string,
): Promise<ReturnType<typeof preferencesOf>> {
  const rows = await db.prisma.preference.findMany({ where: { userId } });
  return preferencesOf(rows.map(({ kind, channels }) => ({ kind, channels: channels as Channel[] })));
}

/** Newest first. */
export async function listMailbox(
  db: Database,
  { page, limit, to }: CallInput<typeof ListMailbox>,
): Promise<CallOutput<typeof ListMailbox>> {
  const where = to === undefined ? {} : { to: to.trim().toLowerCase() };
  const [items, total] = await Promise.all([
    db.prisma.mail.findMany({
      where,
      orderBy: [{ sentAt: 'desc' }, { id: 'desc' }],
      skip: (page - 1) * limit,
      take: limit,
    }),
    db.prisma.mail.count({ where }),
  ]);
  return { items, total };
}
