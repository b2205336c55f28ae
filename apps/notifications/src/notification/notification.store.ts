import { Channel, type NotificationKind } from '@order-system/contracts/notifications.contracts';
import type { Tx } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import type { Text } from './texts.rules.js';

/** What delivering needs beside the text. */
export interface NotificationData {
  /** A link in the body. */
  link?: string;
  /** Of NEW_MESSAGE: the last message that it stands for. */
  seq?: number;
}

export interface NewNotification extends Text {
  eventId: string;
  userId: string;
  kind: NotificationKind;
  orderId: string | null;
  data: NotificationData;
  /** Of whoever has chosen none for this kind. */
  usualChannels: readonly Channel[];
  correlationId: string;
}

export interface Made {
  id: string;
  createdAt: Date;
  inApp: boolean;
}

/**
 * Stores a notification with a delivery for each chosen channel that leaves the house; undefined when the person was
 * told of this event before, or is gone. The version counts its events: the first one is that it is in the person's list.
 */
export function insertNotification(tx: Tx, news: NewNotification): Promise<Made | undefined> {
  const deliveries = Channel.options.map(() => newId());
  return tx.one(sql`
    WITH chosen AS (
      SELECT coalesce((
        SELECT channels FROM notifications.preference WHERE user_id = ${news.userId} AND kind = ${news.kind}
      ), ${news.usualChannels}::text[]) AS channels
    ), made AS (
      INSERT INTO notifications.notification (id, event_id, user_id, kind, title, body, data, order_id, in_app, version)
      SELECT ${newId()}::uuid, ${news.eventId}::uuid, ${news.userId}::uuid, ${news.kind}, ${news.title}, ${news.body},
        ${JSON.stringify(news.data)}::jsonb, ${news.orderId}::uuid, 'IN_APP' = ANY(channels),
        ('IN_APP' = ANY(channels))::int
      FROM chosen
      WHERE NOT EXISTS (SELECT FROM events.event WHERE aggregate_id = ${news.userId} AND type = 'user.deleted')
      ON CONFLICT (event_id, user_id, kind) DO NOTHING RETURNING id, created_at, in_app
    ), queued AS (
      INSERT INTO notifications.delivery (id, notification_id, channel, correlation_id)
      SELECT (${deliveries}::uuid[])[c.number], made.id, c.channel, ${news.correlationId}
      FROM made, chosen, unnest(array_remove(chosen.channels, 'IN_APP')) WITH ORDINALITY AS c(channel, number)
    )
    SELECT id, created_at AS "createdAt", in_app AS "inApp" FROM made`);
}

/** The number people know an order by, as its first event told it. */
export async function orderNumber(tx: Tx, orderId: string): Promise<number | undefined> {
  const row = await tx.one<{ number: number }>(sql`
    SELECT (data ->> 'number')::int AS number FROM events.event
    WHERE aggregate_id = ${orderId} AND aggregate_version = 1 AND type = 'order.created'`);
  return row?.number;
}

export interface MessageNotice {
  id: string;
  seq: number;
  isRead: boolean;
}

/** The latest notification about messages in an order's room, locked. */
export const lastMessageNotice = (
  tx: Tx,
  userId: string,
  orderId: string,
): Promise<MessageNotice | undefined> =>
  tx.one(sql`
    SELECT id, (data ->> 'seq')::int AS seq, read_at IS NOT NULL AS "isRead" FROM notifications.notification
    WHERE user_id = ${userId} AND order_id = ${orderId} AND kind = 'NEW_MESSAGE'
    ORDER BY (data ->> 'seq')::int DESC LIMIT 1 FOR UPDATE`);

/** The notification stands for this message too. */
export const coverMessage = (tx: Tx, id: string, seq: number): Promise<number> =>
  tx.execute(sql`
    UPDATE notifications.notification SET data = data || ${JSON.stringify({ seq })}::jsonb WHERE id = ${id}`);

/** The person has seen the room up to `seq`. */
export const markMessagesRead = (
  tx: Tx,
  seen: { userId: string; orderId: string; seq: number },
): Promise<number> =>
  tx.execute(sql`
    UPDATE notifications.notification SET read_at = now()
    WHERE user_id = ${seen.userId} AND order_id = ${seen.orderId} AND kind = 'NEW_MESSAGE' AND read_at IS NULL
      AND (data ->> 'seq')::int <= ${seen.seq}`);
