import type { MessageContext } from '@order-system/messaging/context';
import { logger } from '@order-system/observability/logger';
import type { Tx } from '@order-system/prisma/database';
import { type StockSettings, stockSettings } from '../catalog.config.js';
import { isLapsed, type OrderFate, type Reservation, stepFor } from './stock.rules.js';
import { lockReservation, lockShelves, takeStep } from './stock.store.js';
import { tellWhatIsLow } from './tell-what-is-low.js';

const log = logger('catalog.stock');

/** Takes an order's reservation along with what became of the order. Orders without catalogue goods have none. */
export async function followOrder(
  tx: Tx,
  { orderId, fate }: { orderId: string; fate: OrderFate },
  ctx: MessageContext,
  settings = stockSettings,
): Promise<void> {
  const found = await lockReservation(tx, orderId);
  if (!found) return;
  const reservation = isLapsed(found) && isAlive(fate) ? await holdAgain(tx, found, ctx, settings) : found;
  const step = reservation && stepFor(reservation, fate);
  if (step) await takeStep(tx, reservation, step, ctx.actor.id);
}

const isAlive = (fate: OrderFate): boolean => fate === 'known' || fate === 'paid';

/**
 * The hold lapsed before its order was heard of: the sweep looked just before the order was stored. What was given
 * back is taken again if it is all still there. If not, somebody else has bought it, and to refuse the event would
 * not bring it back: staff must settle it with the customer, so it is said loudly, and tried again on payment.
 */
async function holdAgain(
  tx: Tx,
  lapsed: Reservation,
  ctx: MessageContext,
  { lowStock }: StockSettings,
): Promise<Reservation | undefined> {
  const ids = lapsed.lines.map((line) => line.productId);
  const shelves = new Map((await lockShelves(tx, ids)).map((shelf) => [shelf.productId, shelf.available]));
  const taken = lapsed.lines.map((line) => ({ ...line, available: shelves.get(line.productId) ?? 0 }));
  const missing = taken.filter(({ available, quantity }) => available < quantity);
  if (missing.length > 0) {
    const { orderId } = lapsed;
    log.error(
      { orderId, correlationId: ctx.correlationId, missing },
      'an order stands whose stock was sold to others',
    );
    return undefined;
  }
  await takeStep(tx, lapsed, { to: 'HELD', moves: 'RESERVED', isKnown: true }, ctx.actor.id);
  await tellWhatIsLow(tx, taken, lowStock, ctx);
  return { ...lapsed, state: 'HELD', expiresAt: null };
}
