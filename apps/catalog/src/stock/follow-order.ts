import type { MessageContext } from '@order-system/messaging/context';
import { gather } from '@order-system/messaging/gather';
import { logger } from '@order-system/observability/logger';
import type { Tx } from '@order-system/prisma/database';
import { catalogConfig } from '../catalog.config.js';
import { isLapsed, type OrderFate, type Reservation, stepFor } from './stock.rules.js';
import { lockReservations, lockShelves, takeSteps } from './stock.store.js';
import { tellWhatIsLow } from './tell-what-is-low.js';

const log = logger('catalog.stock');

interface Followed {
  orderId: string;
  fate: OrderFate;
  ctx: MessageContext;
}

/** Takes an order's reservation along with what became of the order. Orders without catalogue goods have none. */
export const followOrder = (
  tx: Tx,
  { orderId, fate }: Pick<Followed, 'orderId' | 'fate'>,
  ctx: MessageContext,
): Promise<void> => followEach(tx, { orderId, fate, ctx });

/** Several orders at once: first their rows are locked, by id, then the products, so that no two wait for each other. */
const followEach = gather(async (tx: Tx, orders: Followed[]): Promise<void[]> => {
  const reservations = await lockReservations(
    tx,
    orders.map(({ orderId }) => orderId),
  );
  const found = orders.flatMap((order) => {
    const reservation = reservations.get(order.orderId);
    return reservation === undefined ? [] : [{ ...order, reservation }];
  });
  const isBack = (one: (typeof found)[number]) => isLapsed(one.reservation) && isAlive(one.fate);
  if (found.some(isBack)) {
    const ids = found.flatMap(({ reservation }) => reservation.lines.map((line) => line.productId));
    await lockShelves(tx, ids);
    for (const one of found.filter(isBack)) one.reservation = await holdAgain(tx, one.reservation, one.ctx);
  }
  await takeSteps(
    tx,
    found.flatMap(({ reservation, fate, ctx }) => {
      const step = stepFor(reservation, fate);
      return step === undefined ? [] : [{ reservation, step, by: ctx.actor.id }];
    }),
  );
  return orders.map(() => undefined);
});

const isAlive = (fate: OrderFate): boolean => fate === 'known' || fate === 'paid';

/**
 * The hold lapsed before its order was heard of: the sweep looked just before the order was stored. What was given
 * back is taken again if it is all still there. If not, somebody else has bought it, and to refuse the event would
 * not bring it back: staff must settle it with the customer, so it is said loudly, and tried again on payment.
 */
async function holdAgain(tx: Tx, lapsed: Reservation, ctx: MessageContext): Promise<Reservation> {
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
    return lapsed;
  }
  const step = { to: 'HELD', moves: 'RESERVED', isKnown: true } as const;
  await takeSteps(tx, [{ reservation: lapsed, step, by: ctx.actor.id }]);
  await tellWhatIsLow(tx, taken, catalogConfig().LOW_STOCK, ctx);
  return { ...lapsed, state: 'HELD', expiresAt: null };
}
