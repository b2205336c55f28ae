import {
  type Product,
  ProductArchived,
  type ProductStatus,
  ProductUpdated,
  StockLow,
  StockRestocked,
  type MovementReason,
} from '@order-system/contracts/catalog.contracts';
import type { EventContract, EventData } from '@order-system/contracts/define';
import { DomainError } from '@order-system/contracts/errors';
import type { z } from 'zod';

type Status = z.output<typeof ProductStatus>;

export interface StoredProduct {
  id: string;
  sku: string;
  name: string;
  description: string;
  price: number;
  currency: string;
  category: string;
  imageUrl: string | null;
  onHand: number;
  reserved: number;
  status: Status;
  version: number;
  createdAt: Date;
  updatedAt: Date;
}

interface Movement {
  reason: z.output<typeof MovementReason>;
  quantity: number;
  note: string | null;
}

/** An event of a product, before it has a version. */
export interface Said {
  event: EventContract;
  data: unknown;
}
const say = <E extends EventContract>(event: E, data: EventData<E>): Said => ({ event, data });

export interface Decision {
  before: StoredProduct;
  after: StoredProduct;
  movement?: Movement;
  said: Said[];
}

/** int4 holds 2,147,483,647; what comes back from cancelled orders must fit on top. */
const MOST_ON_HAND = 1_000_000_000;

export const toProduct = ({ onHand, reserved, version: _, ...product }: StoredProduct): Product => ({
  ...product,
  stock: onHand - reserved,
});

export const productFact = ({ id, sku, name, price, currency, status }: StoredProduct) => ({
  productId: id,
  sku,
  name,
  price,
  currency,
  status,
});

/** Falls what can be bought to the mark or below by this change? Only the fall is news, not being low. */
export const fallsLow = (before: number, after: number, lowStock: number): boolean =>
  before > lowStock && after <= lowStock;

/** Would it be more than may be put on hand? What came back from orders may have made it more already. */
const isUncountable = (before: StoredProduct, after: StoredProduct): boolean =>
  after.onHand > Math.max(before.onHand, MOST_ON_HAND);

const uncountable = (path: string, most: number): DomainError =>
  new DomainError('VALIDATION_FAILED', 'There would be more on hand than can be counted.', {
    errors: [{ path, message: `must be at most ${most}` }],
  });

export type Changes = Partial<
  Pick<StoredProduct, 'sku' | 'name' | 'description' | 'price' | 'category' | 'imageUrl' | 'status'>
> & {
  /** What can be bought then: what is reserved for orders is on hand beside it. */
  stock?: number;
};

const FIELDS = ['sku', 'name', 'description', 'price', 'category', 'imageUrl', 'status'] as const;

export function change(before: StoredProduct, { stock, ...changes }: Changes, lowStock: number): Decision {
  const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  const onHand = stock === undefined ? before.onHand : stock + before.reserved;
  const after: StoredProduct = { ...before, ...given, onHand };
  if (isUncountable(before, after)) throw uncountable('stock', MOST_ON_HAND - before.reserved);
  const quantity = after.onHand - before.onHand;
  const isChanged = quantity !== 0 || FIELDS.some((field) => before[field] !== after[field]);
  if (!isChanged) return { before, after: before, said: [] };
  const isArchived = before.status === 'ACTIVE' && after.status === 'ARCHIVED';
  const said = [say(isArchived ? ProductArchived : ProductUpdated, productFact(after))];
  if (fallsLow(availableOf(before), availableOf(after), lowStock)) said.push(lowStockOf(after));
  return {
    before,
    after,
    said,
    ...(quantity === 0 ? {} : { movement: { reason: 'ADJUSTMENT', quantity, note: null } }),
  };
}

export function restock(before: StoredProduct, quantity: number, note: string | null): Decision {
  const after = { ...before, onHand: before.onHand + quantity };
  if (isUncountable(before, after)) throw uncountable('quantity', MOST_ON_HAND - before.onHand);
  const { id, sku } = before;
  return {
    before,
    after,
    movement: { reason: 'RESTOCK', quantity, note },
    said: [say(StockRestocked, { productId: id, sku, available: availableOf(after), quantity })],
  };
}

const availableOf = ({ onHand, reserved }: { onHand: number; reserved: number }): number => onHand - reserved;

export const lowStockOf = (product: { id: string; sku: string; onHand: number; reserved: number }): Said =>
  say(StockLow, { productId: product.id, sku: product.sku, available: availableOf(product) });
