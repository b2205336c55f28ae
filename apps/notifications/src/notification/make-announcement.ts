import type { CallOutput } from '@order-system/contracts/define';
import { type Announce, AnnouncementMade } from '@order-system/contracts/notifications.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import { emit, fact } from '@order-system/messaging/outbox';
import type { Tx } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';

/** For whoever is connected now; nothing is kept but the event. */
export async function makeAnnouncement(
  tx: Tx,
  announcement: { message: string; at: Date },
  ctx: MessageContext,
): Promise<CallOutput<typeof Announce>> {
  const aggregate = { type: 'announcement', id: newId(), version: 1 };
  await emit(tx, ctx, [fact(AnnouncementMade, aggregate, announcement)]);
  return announcement;
}
