import { signedIn } from '@order-system/contracts/actor';
import type { MergeBaskets } from '@order-system/contracts/basket.contracts';
import type { CallInput } from '@order-system/contracts/define';
import { notFound } from '@order-system/contracts/errors';
import type { MessageContext } from '@order-system/messaging/context';
import type { Tx } from '@order-system/prisma/database';
import { refuseTooMany, type StoredBasket } from './basket.rules.js';
import { type BasketOwner, lockOwner, moveLines, openBasket, readBasket, sumLines } from './basket.store.js';

/** A guest's basket into the customer's own; again, when it has been done, it changes nothing. */
export async function mergeBaskets(
  tx: Tx,
  { id, fromBasketId }: CallInput<typeof MergeBaskets>,
  { actor }: MessageContext,
): Promise<StoredBasket> {
  const userId = signedIn(actor);
  const into = await lockOwner(tx, id);
  if (into?.userId !== userId || into.status !== 'OPEN') throw notFound('basket');
  const from = await lockOwner(tx, fromBasketId);
  if (isGuests(from)) {
    refuseTooMany(await sumLines(tx, [id, fromBasketId]));
    await moveLines(tx, fromBasketId, { id, userId });
  } else if (from?.userId !== userId) throw notFound('basket');
  return readBasket(tx, { id, userId });
}

/** On signing in. A basket that is gone, merged by then, or too full is no reason to complain. */
export async function takeGuestBasket(
  tx: Tx,
  { basketId, userId }: { basketId: string; userId: string },
): Promise<void> {
  // First the customer's basket, then the guest's, as when merging by hand: nobody waits for each other.
  const { id } = await openBasket(tx, userId);
  if (isGuests(await lockOwner(tx, basketId))) await moveLines(tx, basketId, { id, userId });
}

const isGuests = (basket: BasketOwner | undefined): boolean =>
  basket?.userId === null && basket.status === 'OPEN';
