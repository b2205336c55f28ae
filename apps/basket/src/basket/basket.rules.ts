import type { Basket } from '@order-system/contracts/basket.contracts';
import type { Product } from '@order-system/contracts/catalog.contracts';
import { DomainError, notFound } from '@order-system/contracts/errors';
import { shopCurrency } from '@order-system/contracts/money';

/** An order takes no more lines than this. */
export const MOST_LINES = 100;
export const MOST_OF_ONE = 10_000;

export interface BasketItem {
  productId: string;
  quantity: number;
}

export interface StoredBasket {
  id: string;
  userId: string | null;
  /** In the order in which they were added. */
  items: BasketItem[];
}

export type Products = ReadonlyMap<string, Product>;

/** How many of a product the catalogue would sell now. */
export const buyable = (product: Product | undefined): number =>
  product?.status === 'ACTIVE' ? product.stock : 0;

/** The basket as people see it: with the catalogue's names, prices and stock of this moment. */
export function priced({ id, userId, items }: StoredBasket, products: Products): Basket {
  const lines = items.flatMap(({ productId, quantity }) => {
    const product = products.get(productId);
    if (!product) return [];
    const available = buyable(product);
    const { name: title, price } = product;
    return [
      {
        productId,
        title,
        price,
        quantity,
        total: price * quantity,
        available,
        inStock: quantity <= available,
      },
    ];
  });
  const subtotal = lines.reduce((sum, line) => sum + line.total, 0);
  return { id, userId, items: lines, subtotal, currency: shopCurrency() };
}

/** The product, if it is on sale. Throws NOT_FOUND. */
export function onSale(products: Products, productId: string): Product {
  const product = products.get(productId);
  if (product?.status !== 'ACTIVE') throw notFound('product');
  return product;
}

/** How many of a product a basket may hold at most. */
export const mostOf = (product: Product): number => Math.min(product.stock, MOST_OF_ONE);

/** Why a line cannot have so many: the stock, or the limit of a line. */
export function tooMany(product: Product, requested: number): DomainError {
  if (product.stock <= MOST_OF_ONE)
    return new DomainError('OUT_OF_STOCK', `There are ${product.stock} in stock.`, {
      available: [{ productId: product.id, requested, available: product.stock }],
    });
  return new DomainError('VALIDATION_FAILED', `A basket holds at most ${MOST_OF_ONE} of one product.`, {
    errors: [{ path: 'quantity', message: `must come to at most ${MOST_OF_ONE} with what is in the basket` }],
  });
}

export const tooManyLines = (): DomainError =>
  new DomainError('VALIDATION_FAILED', `A basket holds at most ${MOST_LINES} products.`, {
    errors: [
      { path: 'productId', message: `is one too many: a basket holds at most ${MOST_LINES} products` },
    ],
  });

/** Throws VALIDATION_FAILED when what two baskets have together is more than one can hold. */
export function refuseTooMany(together: readonly BasketItem[]): void {
  const refuse = (detail: string, messages: string[]) => {
    throw new DomainError('VALIDATION_FAILED', detail, {
      errors: messages.map((message) => ({ path: 'fromBasketId', message })),
    });
  };
  if (together.length > MOST_LINES)
    refuse(`A basket holds at most ${MOST_LINES} products; together they have more.`, [
      `has too many: take some out, a basket holds at most ${MOST_LINES}`,
    ]);
  const tooMuch = together.filter(({ quantity }) => quantity > MOST_OF_ONE);
  if (tooMuch.length > 0)
    refuse(
      `A basket holds at most ${MOST_OF_ONE} of one product; together they have more.`,
      tooMuch.map(({ productId }) => `has too many of ${productId}: take some out`),
    );
}
