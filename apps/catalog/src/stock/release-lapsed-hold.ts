import type { MessageContext } from '@order-system/messaging/context';
import type { Tx } from '@order-system/prisma/database';
import { stepFor } from './stock.rules.js';
import { lockOverdue, takeSteps } from './stock.store.js';

/**
 * Gives back what is held for an order that nobody has placed. While `order.created` is under way, for instance
 * because the broker was down, the event table knows the order already: then the hold stays.
 */
export async function releaseLapsedHold(
  tx: Tx,
  { orderId }: { orderId: string },
  ctx: MessageContext,
): Promise<void> {
  const overdue = await lockOverdue(tx, orderId);
  if (!overdue) return;
  const { reservation, isPlaced } = overdue;
  const step = stepFor(reservation, isPlaced ? 'known' : 'lapsed');
  if (step) await takeSteps(tx, [{ reservation, step, by: ctx.actor.id }]);
}
