import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { change, fallsLow, restock, type StoredProduct } from './product.rules.js';

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

  it('never sets stock below what is reserved, and writes the difference to the ledger', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(1000), fc.nat(1000), (reserved, free, stock) => {
        const product = aProduct({ onHand: reserved + free, reserved });
        if (stock < reserved) {
          expect(() => change(product, { stock }, 5)).toThrow('OUT_OF_STOCK');
          return;
        }
        const { after, movement } = change(product, { stock }, 5);
        expect(after.onHand).toBe(stock);
        expect(product.onHand + (movement?.quantity ?? 0)).toBe(stock);
      }),
    );
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

it('refuses more stock than can be counted', () => {
  expect(() => restock(aProduct({ onHand: 999_999_999 }), 2, null)).toThrow('VALIDATION_FAILED');
});
