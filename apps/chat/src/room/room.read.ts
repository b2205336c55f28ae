import type {
  EnterRoom,
  GetTranscript,
  ListMessages,
  ListRooms,
  Room,
} from '@order-system/contracts/chat.contracts';
import type { CallInput, CallOutput } from '@order-system/contracts/define';
import { notFound } from '@order-system/contracts/errors';
import type { Actor } from '@order-system/contracts/primitives';
import type { Database } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';
import { type TranscriptMessage, transcriptOf } from './room.rules.js';
import { type MessageRow, toMessage } from './room.store.js';

/** Whose rooms the caller may be in: an admin everybody's, a guest nobody's. */
const ownerOf = (actor: Actor): { userId?: string | { in: [] } } => {
  if (actor.role === 'admin') return {};
  return { userId: actor.id ?? { in: [] } };
};

/** `read` is how far the caller has read. */
export interface RoomRow {
  orderId: string;
  orderNumber: number;
  userId: string;
  lastSeq: number;
  lastMessageAt: Date | null;
  summary: string | null;
  closedAt: Date | null;
  read: number;
}

export const toRoom = ({ read, summary, closedAt, ...row }: RoomRow): Room => ({
  ...row,
  closed: closedAt !== null,
  ...(closedAt === null ? {} : { closedAt, summary: summary ?? '' }),
  unread: row.lastSeq - read,
});

/** Of the room `r` and its reader's mark `m`, as RoomRow has it. */
export const ROOM_COLUMNS = sql`r.order_id AS "orderId", r.order_number AS "orderNumber", r.user_id AS "userId",
  r.last_seq AS "lastSeq", r.last_message_at AS "lastMessageAt", r.summary, r.closed_at AS "closedAt",
  coalesce(m.seq, 0) AS read`;

export async function readRoom(db: Database, orderId: string, actor: Actor): Promise<Room> {
  const [row] = await db.query<RoomRow>(sql`
    SELECT ${ROOM_COLUMNS}
    FROM chat.room r LEFT JOIN chat.read_mark m ON m.order_id = r.order_id AND m.user_id = ${actor.id}::uuid
    WHERE r.order_id = ${orderId} AND (${actor.role === 'admin'}::boolean OR r.user_id = ${actor.id}::uuid)`);
  if (!row) throw notFound('room');
  return toRoom(row);
}

export async function readEntrance(
  db: Database,
  orderId: string,
  actor: Actor,
): Promise<CallOutput<typeof EnterRoom>> {
  const { closed, lastSeq } = await readRoom(db, orderId, actor);
  return { orderId, closed, lastSeq };
}

export async function readMessages(
  db: Database,
  { orderId, after, before, limit }: CallInput<typeof ListMessages>,
  actor: Actor,
): Promise<CallOutput<typeof ListMessages>> {
  const seq = {
    ...(after === undefined ? {} : { gt: after }),
    ...(before === undefined ? {} : { lt: before }),
  };
  const isBackwards = before !== undefined && after === undefined;
  const messages = {
    where: { seq },
    orderBy: { seq: 'asc' as const },
    // A negative number takes from the end.
    take: isBackwards ? -limit : limit,
  };
  const room = await db.prisma.room.findFirst({
    where: { orderId, ...ownerOf(actor) },
    select: { lastSeq: true, messages },
  });
  if (!room) throw notFound('room');
  const { lastSeq } = room;
  // There are no gaps, so the numbers themselves count.
  const total = Math.max(0, Math.min(lastSeq, (before ?? Infinity) - 1) - (after ?? 0));
  return { messages: room.messages.map((row) => toMessage(row as MessageRow)), total, lastSeq };
}

/** For an admin: what they have not read yet, then the latest. */
export async function listRooms(
  db: Database,
  { page, limit, open }: CallInput<typeof ListRooms>,
  actor: Actor,
): Promise<CallOutput<typeof ListRooms>> {
  const rows = db.searches.query<RoomRow>(sql`
    SELECT ${ROOM_COLUMNS}
    FROM chat.room r LEFT JOIN chat.read_mark m ON m.order_id = r.order_id AND m.user_id = ${actor.id}::uuid
    WHERE ${open ?? null}::boolean IS NULL OR (r.closed_at IS NULL) = ${open ?? null}::boolean
    ORDER BY r.last_seq > coalesce(m.seq, 0) DESC, coalesce(r.last_message_at, r.created_at) DESC, r.order_id
    LIMIT ${limit} OFFSET ${(page - 1) * limit}`);
  const closed = open === undefined ? {} : { closedAt: open ? null : { not: null } };
  const [items, total] = await Promise.all([rows, db.prisma.room.count({ where: closed })]);
  return { items: items.map(toRoom), total };
}

/** However it is written on the wire, so much fits into an answer. */
const MOST_TRANSCRIPT_BYTES = 2_000_000;
/** Who wrote a message, and when. */
const HEAD_BYTES = 50;

/** The end of it where all would be too much. */
export async function readTranscript(
  db: Database,
  orderId: string,
  actor: Actor,
): Promise<CallOutput<typeof GetTranscript>> {
  const room = await db.prisma.room.findFirst({ where: { orderId, ...ownerOf(actor) } });
  if (!room) throw notFound('room');
  const messages = await db.searches.query<TranscriptMessage>(sql`
    SELECT seq, sender_role AS "senderRole", content, created_at AS "createdAt" FROM (
      SELECT *, sum(octet_length(content) + ${HEAD_BYTES}::int) OVER (ORDER BY seq DESC) AS bytes
      FROM chat.message WHERE order_id = ${orderId}
    ) m WHERE bytes <= ${MOST_TRANSCRIPT_BYTES}::int ORDER BY seq`);
  return { text: transcriptOf(room, messages) };
}
