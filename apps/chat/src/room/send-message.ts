import { type ChatMessage, ChatMessageSent, type SendMessage } from '@order-system/contracts/chat.contracts';
import type { CallInput } from '@order-system/contracts/define';
import { DomainError } from '@order-system/contracts/errors';
import type { MessageContext } from '@order-system/messaging/context';
import { emit, fact } from '@order-system/messaging/outbox';
import type { Tx } from '@order-system/prisma/database';
import { roomClosed } from '../closing/closing.store.js';
import { roomIdOf } from './room.rules.js';
import { findSent, insertMessage, type SentMessage, toMessage } from './room.store.js';

/** The room may be made, or opened again, between two looks at it; more often than this it is somebody's game. */
const MOST_TRIES = 3;

/** Stores a message and tells of it; one that the sender has sent before is answered as it was stored. */
export async function sendMessage(
  tx: Tx,
  { orderId, content, clientMessageId }: CallInput<typeof SendMessage>,
  ctx: MessageContext,
): Promise<ChatMessage> {
  const wanted = { orderId, content, clientMessageId: clientMessageId ?? null };
  for (let attempt = 1; attempt <= MOST_TRIES; attempt += 1) {
    const sent = await insertMessage(tx, wanted, ctx.actor);
    if (sent) return tell(tx, sent, ctx);
    const { message, closed } = await findSent(tx, wanted, ctx.actor);
    if (message) return toMessage(message);
    if (closed) throw roomClosed();
  }
  throw new DomainError('STALE_WRITE', 'The room was about to be closed and is open again; send it again.');
}

async function tell(
  tx: Tx,
  { ownerId, version, ...row }: SentMessage,
  ctx: MessageContext,
): Promise<ChatMessage> {
  const message = toMessage(row);
  const aggregate = { type: 'room', id: roomIdOf(row.orderId), version };
  await emit(tx, ctx, [fact(ChatMessageSent, aggregate, { message, ownerId })]);
  return message;
}
