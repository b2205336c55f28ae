import { describe, expect, it } from '@jest/globals';
import type { Product } from '@order-system/contracts/catalog.contracts';
import fc from 'fast-check';
import { buyable, MOST_OF_ONE, mostOf, onSale, priced, tooMany } from './basket.rules.js';

const aProduct = (changes: Partial<Product> = {}): Product => ({
  id: 'a',
  sku: 'A-1',
  name: 'Apron',
  description: '',
  price: 3100,
  currency: 'USD',
  category: 'Kitchen',
  imageUrl: null,
  stock: 3,
  status: 'ACTIVE',
  createdAt: new Date(0),
  updatedAt: new Date(0),
  ...changes,
});
const shelf = (...products: Product[]) => new Map(products.map((product) => [product.id, product]));
const basket = (...items: { productId: string; quantity: number }[]) => ({ id: 'b', userId: null, items });

describe('a priced basket', () => {
  it('adds up exactly', () => {
    const line = fc.record({
      price: fc.nat(100_000_000),
      quantity: fc.integer({ min: 1, max: MOST_OF_ONE }),
    });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 100 }), (lines) => {
        const products = shelf(...lines.map(({ price }, index) => aProduct({ id: String(index), price })));
        const items = lines.map(({ quantity }, index) => ({ productId: String(index), quantity }));
        const { subtotal } = priced(basket(...items), products);
        const exact = lines.reduce((sum, { price, quantity }) => sum + BigInt(price) * BigInt(quantity), 0n);
        expect(BigInt(subtotal)).toBe(exact);
      }),
    );
  });

  it('says whether stock suffices', () => {
    const { items } = priced(basket({ productId: 'a', quantity: 4 }), shelf(aProduct()));
    expect(items).toMatchObject([{ title: 'Apron', available: 3, inStock: false, total: 12_400 }]);
    const all = priced(basket({ productId: 'a', quantity: 3 }), shelf(aProduct()));
    expect(all.items).toMatchObject([{ available: 3, inStock: true }]);
  });

  it('shows archived products as not to be had', () => {
    const archived = aProduct({ status: 'ARCHIVED' });
    expect(buyable(archived)).toBe(0);
    expect(priced(basket({ productId: 'a', quantity: 1 }), shelf(archived)).items).toMatchObject([
      { available: 0, inStock: false },
    ]);
    expect(() => onSale(shelf(archived), 'a')).toThrow('NOT_FOUND');
  });
});

it('tells apart that stock or that a line is at its limit', () => {
  expect(tooMany(aProduct(), 4)).toMatchObject({
    code: 'OUT_OF_STOCK',
    facts: { available: [{ productId: 'a', requested: 4, available: 3 }] },
  });
  const plenty = aProduct({ stock: 1_000_000 });
  expect(mostOf(plenty)).toBe(MOST_OF_ONE);
  expect(tooMany(plenty, MOST_OF_ONE + 1)).toMatchObject({ code: 'VALIDATION_FAILED' });
});
