import { CreateBasket, GetBasket } from '@order-system/contracts/basket.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import { once, withKeysOf } from '@order-system/messaging/idempotency';
import type { Database } from '@order-system/prisma/database';
import type { StoredBasket } from './basket.rules.js';
import { openBasket } from './basket.store.js';

/** What is put in later is in no answer to the request that opened it. */
const Opening = { ...CreateBasket, output: GetBasket.input };

const UUID = /[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/i;

/**
 * A new basket, or the one of the first time under the same key. Who has a guest's basket's id may look into it, so only
 * a key that no other guest can come upon counts: one with a UUID in it.
 */
export async function openGuestBasket(db: Database, ctx: MessageContext): Promise<StoredBasket> {
  if (!UUID.test(ctx.idempotencyKey ?? '')) return openBasket(db, null);
  const { id } = await db.inTx((tx) =>
    once(tx, withKeysOf('guests', ctx), Opening, {}, () => openBasket(tx, null)),
  );
  return { id, userId: null, items: [] };
}
