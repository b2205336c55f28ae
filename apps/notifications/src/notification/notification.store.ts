import { Channel, type NotificationKind } from '@order-system/contracts/notifications.contracts';
import { gather } from '@order-system/messaging/gather';
import type { Tx } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { UNLESS_READ } from './channels.rules.js';
import type { Text } from './texts.rules.js';

/** What delivering needs beside the text. */
export interface NotificationData {
  /** A link in the body. */
  link?: string;
  /** Of NEW_MESSAGE: the last message that it stands for. */
  seq?: number;
}

interface NewNotification extends Text {
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
 * Stores a notification with a delivery for each chosen channel; undefined when the person was told of this event before,
 * or is gone. It is in the person's list at once, unless it is for those who are away: then that is a delivery too. The
 * version counts its events: the first one is that it is in the list.
 */
export const insertNotification = gather(
  async (tx: Tx, news: NewNotification[]): Promise<(Made | undefined)[]> => {
    const rows = news.map(toRow);
    const made = new Map((await insertRows(tx, rows)).map((one) => [one.id, one]));
    return rows.map(({ id }) => made.get(id));
  },
);

type Row = ReturnType<typeof toRow>;
const toRow = (news: NewNotification) => ({
  id: newId(),
  event_id: news.eventId,
  user_id: news.userId,
  kind: news.kind,
  title: news.title,
  body: news.body,
  data: news.data,
  order_id: news.orderId,
  usual_channels: news.usualChannels,
  correlation_id: news.correlationId,
  delivery_ids: Channel.options.map(() => newId()),
});

const insertRows = (tx: Tx, rows: readonly Row[]): Promise<Made[]> =>
  tx.query(sql`
    WITH news AS (
      SELECT n.*, c.channels, 'IN_APP' = ANY(c.channels) AND n.kind <> ALL(${UNLESS_READ}) AS in_app
      FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS n(id uuid, event_id uuid, user_id uuid, kind text,
        title text, body text, data jsonb, order_id uuid, usual_channels text[], correlation_id text,
        delivery_ids uuid[]),
      LATERAL (SELECT coalesce((
        SELECT p.channels FROM notifications.preference p WHERE p.user_id = n.user_id AND p.kind = n.kind
      ), n.usual_channels) AS channels) c
    ), made AS (
      INSERT INTO notifications.notification (id, event_id, user_id, kind, title, body, data, order_id, in_app, version)
      SELECT id, event_id, user_id, kind, title, body, data, order_id, in_app, in_app::int FROM news
      WHERE NOT EXISTS (SELECT FROM events.event e WHERE e.aggregate_id = news.user_id AND e.type = 'user.deleted')
      ON CONFLICT (event_id, user_id, kind) DO NOTHING RETURNING id, created_at, in_app
    ), queued AS (
      INSERT INTO notifications.delivery (id, notification_id, channel, correlation_id)
      SELECT n.delivery_ids[c.number], n.id, c.channel, n.correlation_id
      FROM made JOIN news n USING (id),
        unnest(CASE WHEN n.in_app THEN array_remove(n.channels, 'IN_APP') ELSE n.channels END) WITH ORDINALITY AS c(channel, number)
    )
    SELECT id, created_at AS "createdAt", in_app AS "inApp" FROM made`);

const MOST_NUMBERS = 10_000;
/** A number never changes: those of the latest orders need not be looked up. */
const numbers = new Map<string, number>();

export function rememberNumber(orderId: string, number: number): void {
  numbers.set(orderId, number);
  if (numbers.size > MOST_NUMBERS) numbers.delete(numbers.keys().next().value!);
}

/** The number people know an order by, as its first event told it. */
export async function orderNumber(tx: Tx, orderId: string): Promise<number | undefined> {
  const known = numbers.get(orderId);
  if (known !== undefined) return known;
  const row = await tx.one<{ number: number }>(sql`
    SELECT (data ->> 'number')::int AS number FROM events.event
    WHERE aggregate_id = ${orderId} AND aggregate_version = 1 AND type = 'order.created'`);
  if (row) rememberNumber(orderId, row.number);
  return row?.number;
}

interface MessageNotice {
  id: string;
  seq: number;
  /** Unread, and sent or to be sent: it may have had no channel, or nobody took it. */
  isNews: boolean;
}

/** The latest notification about messages in an order's room, locked. */
export const lastMessageNotice = (
  tx: Tx,
  userId: string,
  orderId: string,
): Promise<MessageNotice | undefined> =>
  tx.one(sql`
    SELECT id, (data ->> 'seq')::int AS seq, read_at IS NULL AND coalesce((
        SELECT bool_or(d.status <> 'WITHDRAWN') AND bool_and(d.status <> 'FAILED')
        FROM notifications.delivery d WHERE d.notification_id = n.id
      ), false) AS "isNews"
    FROM notifications.notification n
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
