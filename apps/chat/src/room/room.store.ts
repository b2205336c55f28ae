import type { ChatMessage } from '@order-system/contracts/chat.contracts';
import { notFound } from '@order-system/contracts/errors';
import type { Actor } from '@order-system/contracts/primitives';
import type { Statements, Tx } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';

interface NewRoom {
  orderId: string;
  orderNumber: number;
  userId: string;
  createdAt: Date;
}

/** Makes a room; when it is there already nothing changes. */
export const insertRoom = (db: Statements, room: NewRoom): Promise<number> =>
  db.execute(sql`
    INSERT INTO chat.room (order_id, order_number, user_id, created_at)
    VALUES (${room.orderId}, ${room.orderNumber}, ${room.userId}, ${room.createdAt}) ON CONFLICT DO NOTHING`);

/** A message as it is stored. */
export interface MessageRow {
  id: string;
  orderId: string;
  seq: number;
  senderId: string;
  senderRole: ChatMessage['senderRole'];
  content: string;
  clientMessageId: string | null;
  createdAt: Date;
}

export const toMessage = ({ clientMessageId, ...message }: MessageRow): ChatMessage => ({
  ...message,
  ...(clientMessageId === null ? {} : { clientMessageId }),
});

interface NewMessage {
  orderId: string;
  content: string;
  clientMessageId: string | null;
}

export type SentMessage = MessageRow & { ownerId: string; version: number };

/** Held by the unique constraint of the same client id, sent a second time at the very same moment. */
export const TWIN = 'message_order_id_sender_id_client_message_id_key';

/**
 * Takes the next number of the room and stores the message under it, in one statement. Undefined when the room is
 * closed or being closed, the message is known, or the actor has no business here. Whether somebody has begun to close
 * it is asked of the room's own row: only that is looked at again after waiting for its lock.
 */
export const insertMessage = (tx: Tx, message: NewMessage, actor: Actor): Promise<SentMessage | undefined> =>
  tx.one<SentMessage>(sql`
    WITH numbered AS (
      UPDATE chat.room r
      SET last_seq = last_seq + 1, last_message_at = clock_timestamp(), version = version + 1
      WHERE order_id = ${message.orderId} AND (${actor.role === 'admin'}::boolean OR user_id = ${actor.id}::uuid)
        AND closed_by IS NULL AND closed_at IS NULL
        AND NOT EXISTS (SELECT FROM chat.message m WHERE m.order_id = r.order_id AND m.sender_id = ${actor.id}::uuid
          AND m.client_message_id = ${message.clientMessageId})
      RETURNING order_id, last_seq, last_message_at, user_id, version
    ), stored AS (
      INSERT INTO chat.message (id, order_id, seq, sender_id, sender_role, content, client_message_id, created_at)
      SELECT ${newId()}::uuid, order_id, last_seq, ${actor.id}::uuid, ${actor.role}::text, ${message.content}::text,
        ${message.clientMessageId}::text, last_message_at FROM numbered
      RETURNING *
    ), marked AS (
      INSERT INTO chat.read_mark (order_id, user_id, seq) SELECT order_id, sender_id, seq FROM stored
      ON CONFLICT (order_id, user_id) DO UPDATE SET seq = excluded.seq
    )
    SELECT s.id, s.order_id AS "orderId", s.seq, s.sender_id AS "senderId", s.sender_role AS "senderRole", s.content,
      s.client_message_id AS "clientMessageId", s.created_at AS "createdAt", n.user_id AS "ownerId", n.version
    FROM stored s, numbered n`);

/** What became of a client's message, and whether the room still takes others. Throws NOT_FOUND. */
export async function findSent(
  tx: Tx,
  { orderId, clientMessageId }: NewMessage,
  actor: Actor,
): Promise<{ message: MessageRow | undefined; closed: boolean }> {
  const row = await tx.one<MessageRow & { closed: boolean }>(sql`
    SELECT r.closed_by IS NOT NULL OR r.closed_at IS NOT NULL AS closed, m.id, m.order_id AS "orderId", m.seq,
      m.sender_id AS "senderId", m.sender_role AS "senderRole", m.content, m.client_message_id AS "clientMessageId",
      m.created_at AS "createdAt"
    FROM chat.room r LEFT JOIN chat.message m
      ON m.order_id = r.order_id AND m.sender_id = ${actor.id}::uuid AND m.client_message_id = ${clientMessageId}
    WHERE r.order_id = ${orderId} AND (${actor.role === 'admin'}::boolean OR r.user_id = ${actor.id}::uuid)`);
  if (!row) throw notFound('room');
  const { closed, ...message } = row;
  return { closed, message: message.id === null ? undefined : message };
}

interface ReadState {
  lastSeq: number;
  seq: number;
  ownerId: string;
}

/** How far the actor has read; locked together with the room until the transaction ends. Throws NOT_FOUND. */
export async function lockReadMark(tx: Tx, orderId: string, actor: Actor): Promise<ReadState> {
  // Two statements: the second one sees what was committed while the first one waited.
  const room = await tx.one<{ lastSeq: number; ownerId: string }>(sql`
    SELECT last_seq AS "lastSeq", user_id AS "ownerId" FROM chat.room
    WHERE order_id = ${orderId} AND (${actor.role === 'admin'}::boolean OR user_id = ${actor.id}::uuid)
    FOR NO KEY UPDATE`);
  if (!room) throw notFound('room');
  const mark = await tx.one<{ seq: number }>(sql`
    SELECT seq FROM chat.read_mark WHERE order_id = ${orderId} AND user_id = ${actor.id}::uuid`);
  return { ...room, seq: mark?.seq ?? 0 };
}

/** Moves the mark of a room that is locked; answers the room's new version. */
export async function saveReadMark(
  tx: Tx,
  mark: { orderId: string; userId: string; seq: number },
): Promise<number> {
  const room = await tx.one<{ version: number }>(sql`
    WITH marked AS (
      INSERT INTO chat.read_mark (order_id, user_id, seq) VALUES (${mark.orderId}, ${mark.userId}, ${mark.seq})
      ON CONFLICT (order_id, user_id) DO UPDATE SET seq = excluded.seq
    )
    UPDATE chat.room SET version = version + 1 WHERE order_id = ${mark.orderId} RETURNING version`);
  if (!room) throw notFound('room');
  return room.version;
}
