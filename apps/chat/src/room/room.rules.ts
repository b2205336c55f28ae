import type { ChatMessage } from '@order-system/contracts/chat.contracts';

/**
 * A room's own id, for its events: those of the order have the order's. It is the order's UUID v7 as a v8 (RFC 9562:
 * of one's own making), so a replay makes the same room.
 */
export const roomIdOf = (orderId: string): string => `${orderId.slice(0, 14)}8${orderId.slice(15)}`;

interface TranscriptRoom {
  orderNumber: number;
  summary: string | null;
  closedAt: Date | null;
}
export type TranscriptMessage = Pick<ChatMessage, 'seq' | 'senderRole' | 'content' | 'createdAt'>;

/** Every way to end a line. */
const LINE_END = /\r\n|[\n\v\f\r\u0085\u2028\u2029]/;

/** Further lines of a message are set in, so that nobody can write a line in another's name. */
const setIn = (content: string): string => content.split(LINE_END).join('\n    ');

/** The conversation, or the end of it, as plain text; times in UTC. */
export function transcriptOf(room: TranscriptRoom, messages: readonly TranscriptMessage[]): string {
  const before = (messages[0]?.seq ?? 1) - 1;
  const leftOut = before === 0 ? [] : [`(${before} messages before these are left out.)`];
  const lines = messages.map(
    ({ createdAt, senderRole, content }) =>
      `[${createdAt.toISOString()}] ${senderRole === 'admin' ? 'Staff' : 'Customer'}: ${setIn(content)}`,
  );
  const end = room.closedAt
    ? ['', `Closed at ${room.closedAt.toISOString()}: ${setIn(room.summary ?? '')}`]
    : [];
  return [`Order ${room.orderNumber}`, '', ...leftOut, ...lines, ...end, ''].join('\n');
}
