import type { MovementReason, ReserveStock } from '@order-system/contracts/catalog.contracts';
import type { CallInput } from '@order-system/contracts/define';
import { DomainError } from '@order-system/contracts/errors';
import { MOST_AMOUNT, toAmount } from '@order-system/contracts/money';
import type { z } from 'zod';

export type ReservationState = 'HELD' | 'SOLD' | 'RELEASED' | 'RETURNED';
type WantedLine = CallInput<typeof ReserveStock>['lines'][number];

export interface StockLine {
  productId: string;
  quantity: number;
}

export interface HeldLine extends StockLine {
  sku: string;
  title: string;
  price: number;
}

export interface Reservation {
  orderId: string;
  state: ReservationState;
  /**
   * Until when the order may stay unheard of. Null when it is known: HELD is then for as long as it waits for its
   * payment, RELEASED is for good. A RELEASED one with a time was given back before its order was known, and is
   * held again should the order turn up after all.
   */
  expiresAt: Date | null;
  lines: HeldLine[];
}

type Reason = z.output<typeof MovementReason>;

/** How a movement of so many units changes the two numbers of a product, and its sign in the ledger. */
export const EFFECT = {
  INITIAL: { onHand: 1, reserved: 0, sign: 1 },
  RESTOCK: { onHand: 1, reserved: 0, sign: 1 },
  ADJUSTMENT: { onHand: 1, reserved: 0, sign: 1 },
  RESERVED: { onHand: 0, reserved: 1, sign: -1 },
  RELEASED: { onHand: 0, reserved: -1, sign: 1 },
  SOLD: { onHand: -1, reserved: -1, sign: -1 },
  RETURNED: { onHand: 1, reserved: 0, sign: 1 },
} as const satisfies Record<Reason, { onHand: number; reserved: number; sign: number }>;

export type OrderReason = 'RESERVED' | 'RELEASED' | 'SOLD' | 'RETURNED';

/** What happens to the order that a reservation is for. */
export type OrderFate = 'known' | 'paid' | 'cancelled' | 'lapsed' | 'not placed';

export interface Step {
  to: ReservationState;
  moves?: OrderReason;
  /** The order is known from here on: nothing lapses any more. */
  isKnown: boolean;
}

/** What the reservation does then; nothing when it is already so, or came too late. */
export function stepFor({ state, expiresAt }: Reservation, fate: OrderFate): Step | undefined {
  if (state === 'SOLD') {
    return fate === 'cancelled' ? { to: 'RETURNED', moves: 'RETURNED', isKnown: true } : undefined;
  }
  if (state === 'RETURNED' || (state === 'RELEASED' && expiresAt === null)) return undefined;
  if (state === 'RELEASED') return fate === 'cancelled' ? { to: 'RELEASED', isKnown: true } : undefined;
  switch (fate) {
    case 'known':
      return expiresAt === null ? undefined : { to: 'HELD', isKnown: true };
    case 'paid':
      return { to: 'SOLD', moves: 'SOLD', isKnown: true };
    case 'cancelled':
      return { to: 'RELEASED', moves: 'RELEASED', isKnown: true };
    case 'lapsed':
    case 'not placed':
      return expiresAt === null ? undefined : { to: 'RELEASED', moves: 'RELEASED', isKnown: false };
  }
}

/** Was the stock given back before the order was known? Then the order is held again when it is there after all. */
export const isLapsed = ({ state, expiresAt }: Reservation): boolean =>
  state === 'RELEASED' && expiresAt !== null;

/** One line for each product, in the order in which products are locked. */
export function sumPerProduct(lines: readonly StockLine[]): StockLine[] {
  const sums = new Map<string, number>();
  for (const { productId, quantity } of lines) sums.set(productId, (sums.get(productId) ?? 0) + quantity);
  return [...sums]
    .map(([productId, quantity]) => ({ productId, quantity }))
    .sort((a, b) => (a.productId < b.productId ? -1 : 1));
}

export function isSame(held: readonly StockLine[], wanted: readonly StockLine[]): boolean {
  const keys = (lines: readonly StockLine[]) =>
    sumPerProduct(lines)
      .map(({ productId, quantity }) => `${productId} ${quantity}`)
      .join();
  return keys(held) === keys(wanted);
}

/** A product as it was found when its hold was tried. */
export interface Shelf extends StockLine {
  /** The rest is null when there is no such product. */
  sku: string | null;
  title: string;
  price: number;
  status: string;
  available: number;
  isHeld: boolean;
}

/**
 * Throws NOT_FOUND, OUT_OF_STOCK or PRICE_CHANGED when the lines cannot be had as the customer believed, and
 * VALIDATION_FAILED when what they cost cannot be said.
 */
export function refuseUnlessHeld(lines: readonly WantedLine[], shelves: readonly Shelf[]): void {
  const shelfOf = new Map(shelves.map((shelf) => [shelf.productId, shelf]));
  const isSold = (shelf?: Shelf) => shelf?.sku != null && shelf.status === 'ACTIVE';

  const gone = lines.flatMap(({ productId }, index) => (isSold(shelfOf.get(productId)) ? [] : [index]));
  if (gone.length > 0)
    throw new DomainError('NOT_FOUND', 'A product does not exist or is not sold any more.', {
      errors: gone.map((index) => ({ path: `items.${index}.productId`, message: 'is no product on sale' })),
    });

  const available = shelves
    .filter((shelf) => !shelf.isHeld)
    .map((shelf) => ({ productId: shelf.productId, requested: shelf.quantity, available: shelf.available }));
  if (available.length > 0)
    throw new DomainError('OUT_OF_STOCK', 'There is not enough in stock.', { available });

  const changed = lines
    .filter(({ productId, price }) => price !== undefined && shelfOf.get(productId)?.price !== price)
    .map(({ productId }) => productId);
  if (changed.length > 0)
    throw new DomainError('PRICE_CHANGED', 'The price of a product is another one now.', {
      prices: [...new Set(changed)].map((productId) => ({
        productId,
        price: toAmount(shelfOf.get(productId)!.price),
      })),
    });

  refuseUncountable(lines, shelfOf);
}

function refuseUncountable(lines: readonly WantedLine[], shelfOf: ReadonlyMap<string, Shelf>): void {
  const errors = lines.flatMap(({ productId }, index) => {
    const { price, quantity } = shelfOf.get(productId)!;
    if (price * quantity <= MOST_AMOUNT) return [];
    const message = `must be at most ${Math.floor(MOST_AMOUNT / price)} of this product in all`;
    return [{ path: `items.${index}.quantity`, message }];
  });
  if (errors.length > 0)
    throw new DomainError('VALIDATION_FAILED', 'A product costs more in all than can be counted.', {
      errors,
    });
}
