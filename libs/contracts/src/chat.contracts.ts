import { z } from 'zod';
import { defineCall, defineEvent } from './define.js';
import { PositiveMoney } from './money.js';
import { Order } from './orders.contracts.js';
import { Id, Instant, pageOf, paging, QueryFlag, queryInt, text } from './primitives.js';

/** Kept as sent, shown as text. */
export const MessageContent = text(1, 4000);
const ClientMessageId = z.string().regex(/^[\x21-\x7e]{1,100}$/, 'must be 1 to 100 printable characters');
const Seq = queryInt(0, 2_147_483_647);

export const ChatMessage = z.object({
  id: Id,
  orderId: Id,
  seq: z.int().meta({ description: 'Counts the messages of a room: 1, 2, 3 ... without gaps' }),
  senderId: Id,
  senderRole: z.enum(['user', 'admin']),
  content: z.string(),
  clientMessageId: z.string().optional(),
  createdAt: Instant,
});
export type ChatMessage = z.output<typeof ChatMessage>;

export const Room = z.object({
  orderId: Id,
  orderNumber: z.int(),
  userId: Id,
  closed: z.boolean(),
  summary: z.string().optional(),
  closedAt: Instant.optional(),
  lastSeq: z.int(),
  unread: z.int().meta({ description: "Messages after the caller's read mark" }),
  lastMessageAt: Instant.nullable(),
});
export type Room = z.output<typeof Room>;

export const GetRoom = defineCall('chat.room', {
  kind: 'query',
  input: z.object({ orderId: Id }),
  output: Room,
});

/**
 * Ascending by seq. `after`: what came since; `before`: the last ones before it; neither: the first ones. `total` counts
 * all that `after` and `before` leave, `lastSeq` is of the room.
 */
export const ListMessages = defineCall('chat.messages', {
  kind: 'query',
  input: z.strictObject({
    orderId: Id,
    after: Seq.optional(),
    before: Seq.optional(),
    limit: paging.limit,
  }),
  output: z.object({ messages: z.array(ChatMessage), total: z.int(), lastSeq: z.int() }),
});

/** The same clientMessageId from the same sender again gives the stored message again. Refusal: ROOM_CLOSED. */
export const SendMessage = defineCall('chat.send', {
  kind: 'command',
  input: z.strictObject({
    orderId: Id,
    content: MessageContent,
    clientMessageId: ClientMessageId.optional(),
  }),
  output: ChatMessage,
});

/** With a quote the order becomes payable. An order in REVIEW moves to PROCESSING: both or neither. */
export const CloseRoom = defineCall('chat.close', {
  kind: 'command',
  input: z.strictObject({
    orderId: Id,
    summary: text(1, 4000).regex(/\S/, 'must not be blank'),
    quote: PositiveMoney.optional(),
    orderUpdatedAt: Instant.optional().meta({
      description: 'The updatedAt of the order that was agreed on: one that was changed since is not settled',
    }),
  }),
  output: z.object({ room: Room, order: Order }),
});

export const MarkRead = defineCall('chat.read', {
  kind: 'command',
  input: z.strictObject({ orderId: Id, seq: z.int().min(0).max(2_147_483_647) }),
  output: z.object({ orderId: Id, seq: z.int(), unread: z.int() }),
});

/** The admin inbox: rooms with unread messages first, then the latest. */
export const ListRooms = defineCall('chat.rooms', {
  kind: 'query',
  input: z.strictObject({ ...paging, open: QueryFlag.optional() }),
  output: pageOf(Room),
});

export const GetTranscript = defineCall('chat.transcript', {
  kind: 'query',
  input: z.object({ orderId: Id }),
  output: z.object({ text: z.string() }),
});

/** For the gateway: may the caller be in this room? NOT_FOUND when not. */
export const EnterRoom = defineCall('chat.enter', {
  kind: 'query',
  input: z.object({ orderId: Id }),
  output: z.object({ orderId: Id, closed: z.boolean(), lastSeq: z.int() }),
});

export const ChatMessageSent = defineEvent(
  'chat.message.sent',
  1,
  z.object({ message: ChatMessage, ownerId: Id }),
);
/** Someone's read mark moved forward. */
export const ChatRead = defineEvent(
  'chat.read',
  1,
  z.object({ orderId: Id, ownerId: Id, userId: Id, seq: z.int() }),
);
export const ChatClosed = defineEvent(
  'chat.closed',
  1,
  z.object({ orderId: Id, ownerId: Id, summary: z.string() }),
);
