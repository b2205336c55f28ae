import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { change, fallsLow, restock, type StoredProduct, toProduct } from './product.rules.js';

const aProduct = (changes: Partial<StoredProduct> = {}): StoredProduct => ({
  id: '0190a0b0-0000-7000-8000-000000000001',
  sku: 'A-1',
  name: 'Apron',
  description: '',
  price: 3100,
  currency: 'USD',
  category: 'Kitchen',
  imageUrl: null,
  onHand: 10,
  reserved: 0,
  status: 'ACTIVE',
  version: 1,
  createdAt: new Date(0),
  updatedAt: new Date(0),
  ...changes,
});
const typesOf = ({ said }: { said: { event: { type: string } }[] }) => said.map(({ event }) => event.type);

describe('changing a product', () => {
  it('says nothing when nothing changes', () => {
    expect(change(aProduct(), { name: 'Apron', stock: 10 }, 5)).toMatchObject({ said: [] });
  });

  it('leaves fields alone that are not named, and empties those that are', () => {
    const { after } = change(
      aProduct({ imageUrl: 'https://a.test/1.png' }),
      { imageUrl: null, name: undefined },
      5,
    );
    expect(after).toMatchObject({ imageUrl: null, name: 'Apron' });
  });

  it('tells archiving from other changes, and takes it back', () => {
    const archived = change(aProduct(), { status: 'ARCHIVED' }, 5);
    expect(typesOf(archived)).toEqual(['product.archived']);
    expect(typesOf(change(archived.after, { status: 'ACTIVE' }, 5))).toEqual(['product.updated']);
  });

  it('sets what can be bought, whatever is reserved, and writes the difference to the ledger', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(1000), fc.nat(1000), (reserved, free, stock) => {
        const product = aProduct({ onHand: reserved + free, reserved });
        const { after, movement } = change(product, { stock }, 5);
        expect(toProduct(after).stock).toBe(stock);
        expect(after.reserved).toBe(reserved);
        expect(product.onHand + (movement?.quantity ?? 0)).toBe(after.onHand);
      }),
    );
  });

  it('changes nothing when the stock is written back as it was read', () => {
    const product = aProduct({ reserved: 4 });
    expect(change(product, { stock: toProduct(product).stock }, 5)).toEqual({
      before: product,
      after: product,
      said: [],
    });
  });

  it('says that stock is low when an adjustment makes it so', () => {
    expect(typesOf(change(aProduct(), { stock: 5 }, 5))).toEqual(['product.updated', 'stock.low']);
    expect(typesOf(change(aProduct({ onHand: 4 }), { stock: 3 }, 5))).toEqual(['product.updated']);
  });
});

it('says low stock once on the way down', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 }), fc.nat(10), (sales, lowStock) => {
      let available = sales.reduce((sum, sale) => sum + sale, 0);
      const start = available;
      let told = 0;
      for (const sale of sales) {
        if (fallsLow(available, available - sale, lowStock)) told += 1;
        available -= sale;
      }
      expect(told).toBe(start > lowStock ? 1 : 0);
    }),
  );
});

it('refuses more stock than can be counted, however it would come, and keeps what came back from orders', () => {
  const full = aProduct({ onHand: 1_000_000_000, reserved: 2 });
  expect(() => restock(full, 1, null)).toThrow('VALIDATION_FAILED');
  expect(() => change(full, { stock: 999_999_999 }, 5)).toThrow(
    expect.objectContaining({
      code: 'VALIDATION_FAILED',
      facts: { errors: [{ path: 'stock', message: 'must be at most 999999998' }] },
    }),
  );
  const over = { ...full, onHand: 1_000_000_007 };
  expect(change(over, { name: 'Bib', stock: 1_000_000_005 }, 5).after).toEqual({ ...over, name: 'Bib' });
  expect(change(over, { stock: 999_999_998 }, 5).after).toEqual(full);
});
