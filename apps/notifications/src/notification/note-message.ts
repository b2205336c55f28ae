import type { ChatMessageSent } from '@order-system/contracts/chat.contracts';
import type { EventData } from '@order-system/contracts/define';
import type { MessageContext } from '@order-system/messaging/context';
import type { Tx } from '@order-system/prisma/database';
import { coverMessage, lastMessageNotice, markMessagesRead, orderNumber } from './notification.store.js';
import { notifyPerson } from './notify-person.js';
import { newMessage } from './texts.rules.js';

type Input = EventData<typeof ChatMessageSent> & { eventId: string };

/**
 * Tells the owner that staff wrote; as long as that is unread it stands for all that follows. Who answers has read what
 * they answer: chat moves their mark with their message and tells of nothing else.
 */
export async function noteMessage(
  tx: Tx,
  { eventId, message, ownerId }: Input,
  ctx: MessageContext,
): Promise<void> {
  const { orderId, seq, content, senderId, senderRole } = message;
  if (senderId === ownerId) return void (await markMessagesRead(tx, { userId: ownerId, orderId, seq }));
  if (senderRole !== 'admin') return;
  const last = await lastMessageNotice(tx, ownerId, orderId);
  // A replay: it was told of, or stood behind another one.
  if (last && seq <= last.seq) return;
  if (last?.isNews) return void (await coverMessage(tx, last.id, seq));
  const text = newMessage(content, await orderNumber(tx, orderId));
  await notifyPerson(
    tx,
    { eventId, userId: ownerId, kind: 'NEW_MESSAGE', orderId, data: { seq }, ...text },
    ctx,
  );
}
