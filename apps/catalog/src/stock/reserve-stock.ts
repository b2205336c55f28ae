import type { ReserveStock } from '@order-system/contracts/catalog.contracts';
import type { CallInput, CallOutput } from '@order-system/contracts/define';
import { DomainError } from '@order-system/contracts/errors';
import type { MessageContext } from '@order-system/messaging/context';
import type { Tx } from '@order-system/prisma/database';
import { stockSettings } from '../catalog.config.js';
import {
  type HeldLine,
  isSame,
  refuseUnlessHeld,
  type Shelf,
  stepFor,
  sumPerProduct,
} from './stock.rules.js';
import {
  forgetReservation,
  type Hold,
  holdStock,
  lockReservations,
  renewHold,
  takeSteps,
} from './stock.store.js';
import { tellWhatIsLow } from './tell-what-is-low.js';

type Answer = CallOutput<typeof ReserveStock>;

export async function reserveStock(
  tx: Tx,
  { orderId, lines }: CallInput<typeof ReserveStock>,
  ctx: MessageContext,
  { holdMs, lowStock } = stockSettings(),
): Promise<Answer> {
  const hold: Hold = { orderId, lines: sumPerProduct(lines), holdMs, by: ctx.actor.id };
  if (hold.lines.length === 0) return { lines: [] };
  let outcome = await holdStock(tx, hold);
  if (!outcome.isNew) {
    const earlier = await earlierAnswer(tx, hold);
    if (earlier) return answerFor(earlier);
    outcome = await holdStock(tx, hold);
  }
  refuseUnlessHeld(lines, outcome.shelves);
  await tellWhatIsLow(tx, outcome.shelves, lowStock, ctx);
  return answerFor(outcome.shelves as (Shelf & HeldLine)[]);
}

/**
 * The lines this order holds already. None when there is to be a new hold: the old one was given back, or the
 * basket has changed between two tries to place the order.
 */
async function earlierAnswer(tx: Tx, hold: Hold): Promise<HeldLine[] | undefined> {
  const { orderId, lines, by } = hold;
  const reservation = (await lockReservations(tx, [orderId])).get(orderId);
  if (!reservation) throw new DomainError('STALE_WRITE', 'The order is being changed; try again.');
  if (reservation.state !== 'RELEASED') {
    if (isSame(reservation.lines, lines)) {
      // Whoever asks again has yet to place the order: it must not lapse on the way.
      if (reservation.expiresAt !== null) await renewHold(tx, hold);
      return reservation.lines;
    }
    const step = stepFor(reservation, 'not placed');
    if (!step) throw new DomainError('STALE_WRITE', 'The order exists already, with other items.');
    await takeSteps(tx, [{ reservation, step, by }]);
  }
  await forgetReservation(tx, orderId);
  return undefined;
}

const answerFor = (lines: HeldLine[]): Answer => ({
  lines: lines
    .map(({ productId, sku, title, price, quantity }) => ({
      productId,
      sku,
      title,
      price,
      quantity,
      total: price * quantity,
    }))
    .sort((a, b) => (a.productId < b.productId ? -1 : 1)),
});
