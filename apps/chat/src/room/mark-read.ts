import { ChatRead, type MarkRead } from '@order-system/contracts/chat.contracts';
import type { CallInput, CallOutput } from '@order-system/contracts/define';
import { notFound } from '@order-system/contracts/errors';
import type { MessageContext } from '@order-system/messaging/context';
import { emit, fact } from '@order-system/messaging/outbox';
import type { Tx } from '@order-system/prisma/database';
import { roomIdOf } from './room.rules.js';
import { lockReadMark, saveReadMark } from './room.store.js';

/** Moves the reader's mark forward, at most to the last message; tells of it only when it moved. */
export async function markRead(
  tx: Tx,
  { orderId, seq: wanted }: CallInput<typeof MarkRead>,
  ctx: MessageContext,
): Promise<CallOutput<typeof MarkRead>> {
  const userId = ctx.actor.id;
  if (userId === null) throw notFound('room');
  const { lastSeq, ownerId, seq: before } = await lockReadMark(tx, orderId, ctx.actor);
  const seq = Math.max(before, Math.min(wanted, lastSeq));
  if (seq > before) {
    const version = await saveReadMark(tx, { orderId, userId, seq });
    const aggregate = { type: 'room', id: roomIdOf(orderId), version };
    await emit(tx, ctx, [fact(ChatRead, aggregate, { orderId, ownerId, userId, seq })]);
  }
  return { orderId, seq, unread: lastSeq - seq };
}
