import type { CheckOutBasket } from '@order-system/contracts/basket.contracts';
import type { CallInput } from '@order-system/contracts/define';
import type { MessageContext } from '@order-system/messaging/context';
import type { Database } from '@order-system/prisma/database';
import type { BasketItem } from './basket.rules.js';
import { readBasket } from './basket.store.js';
import { takenLines, takeLines } from './checkout.store.js';

/** What is in a basket becomes one order's, and nobody else's. Empty when there is nothing, or another order has it. */
export async function checkOut(
  db: Database,
  { id, orderId }: CallInput<typeof CheckOutBasket>,
  { actor }: MessageContext,
): Promise<BasketItem[]> {
  const access = { id, userId: actor.id };
  const lines = (await takeLines(db, orderId, access)) ?? (await takenLines(db, orderId, actor.id));
  if (lines) return lines;
  // Throws when there is no such basket.
  await readBasket(db, access);
  return [];
}
