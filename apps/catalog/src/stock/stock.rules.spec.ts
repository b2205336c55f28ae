import { describe, expect, it } from '@jest/globals';
import { DomainError } from '@order-system/contracts/errors';
import fc from 'fast-check';
import {
  EFFECT,
  isSame,
  type OrderFate,
  refuseUnlessHeld,
  type Reservation,
  type Shelf,
  stepFor,
  sumPerProduct,
} from './stock.rules.js';

const lines = fc.array(
  fc.record({
    productId: fc.constantFrom('a', 'b', 'c', 'd'),
    quantity: fc.integer({ min: 1, max: 1_000_000 }),
  }),
  { maxLength: 100 },
);

describe('summing lines per product', () => {
  it('keeps every unit, in one line per product, in one order', () => {
    fc.assert(
      fc.property(lines, (wanted) => {
        const sums = sumPerProduct(wanted);
        const total = (all: { quantity: number }[]) => all.reduce((sum, line) => sum + line.quantity, 0);
        expect(total(sums)).toBe(total(wanted));
        const ids = sums.map((line) => line.productId);
        expect(ids).toEqual([...new Set(wanted.map((line) => line.productId))].sort());
      }),
    );
  });

  it('finds the same items the same in whatever order they come', () => {
    fc.assert(
      fc.property(lines, (wanted) => {
        expect(isSame(sumPerProduct(wanted), [...wanted].reverse())).toBe(true);
        expect(isSame(wanted, [...wanted, { productId: 'a', quantity: 1 }])).toBe(false);
      }),
    );
  });
});

const FATES = ['known', 'paid', 'cancelled', 'lapsed', 'not placed'] as const satisfies OrderFate[];

describe('the life of a reservation', () => {
  const play = (fates: readonly OrderFate[], quantity: number) => {
    let reservation: Reservation = { orderId: 'o', state: 'HELD', expiresAt: new Date(), lines: [] };
    const stock = { onHand: quantity, reserved: quantity };
    let sold = 0;
    for (const fate of fates) {
      const step = stepFor(reservation, fate);
      if (!step) continue;
      if (step.moves) {
        const effect = EFFECT[step.moves];
        stock.onHand += effect.onHand * quantity;
        stock.reserved += effect.reserved * quantity;
        sold += step.moves === 'SOLD' ? 1 : step.moves === 'RETURNED' ? -1 : 0;
      }
      reservation = {
        ...reservation,
        state: step.to,
        expiresAt: step.isKnown ? null : reservation.expiresAt,
      };
    }
    return { reservation, stock, sold };
  };

  it('never gives back or sells the same units twice, whatever comes in whatever order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...FATES)),
        fc.integer({ min: 1, max: 1000 }),
        (fates, quantity) => {
          const { reservation, stock, sold } = play(fates, quantity);
          expect(stock.reserved).toBe(reservation.state === 'HELD' ? quantity : 0);
          expect(stock.onHand).toBe(reservation.state === 'SOLD' ? 0 : quantity);
          expect(sold).toBe(reservation.state === 'SOLD' ? 1 : 0);
        },
      ),
    );
  });

  it('holds nothing for an order that is cancelled, even when that is heard of first', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...FATES]), (fates) => {
        fc.pre(fates.includes('cancelled'));
        expect(play(fates, 1).stock).toEqual({ onHand: 1, reserved: 0 });
      }),
    );
  });

  it('keeps a hold for good once its order is known', () => {
    expect(play(['known', 'lapsed', 'not placed'], 1).reservation).toMatchObject({
      state: 'HELD',
      expiresAt: null,
    });
  });
});

describe('refusing', () => {
  const shelf = (changes: Partial<Shelf>): Shelf => ({
    productId: 'a',
    quantity: 2,
    sku: 'A-1',
    title: 'A',
    price: 500,
    status: 'ACTIVE',
    available: 5,
    isHeld: true,
    ...changes,
  });
  const refusal = (wanted: { productId: string; quantity: number; price?: number }[], shelves: Shelf[]) => {
    try {
      refuseUnlessHeld(wanted, shelves);
    } catch (error) {
      if (error instanceof DomainError) return error;
      throw error;
    }
    return undefined;
  };

  it('accepts what is held at the price the customer saw', () => {
    expect(refusal([{ productId: 'a', quantity: 2, price: 500 }], [shelf({})])).toBeUndefined();
  });

  it.each([[shelf({ sku: null, isHeld: false })], [shelf({ status: 'ARCHIVED', isHeld: false })]])(
    'names the line whose product is not sold',
    (gone) => {
      const wanted = [
        { productId: 'b', quantity: 1 },
        { productId: 'a', quantity: 1 },
      ];
      const error = refusal(wanted, [shelf({ productId: 'b' }), gone]);
      expect(error).toMatchObject({ code: 'NOT_FOUND', facts: { errors: [{ path: 'items.1.productId' }] } });
    },
  );

  it('says how many there are', () => {
    const error = refusal([{ productId: 'a', quantity: 2 }], [shelf({ available: 1, isHeld: false })]);
    expect(error).toMatchObject({
      code: 'OUT_OF_STOCK',
      facts: { available: [{ productId: 'a', requested: 2, available: 1 }] },
    });
  });

  it('says the new price as people write it', () => {
    const error = refusal([{ productId: 'a', quantity: 2, price: 499 }], [shelf({})]);
    expect(error).toMatchObject({ code: 'PRICE_CHANGED', facts: { prices: [{ productId: 'a', price: 5 }] } });
  });
  it('names the lines of a product that costs more in all than can be counted', () => {
    const wanted = ['b', 'a', 'a'].map((productId) => ({ productId, quantity: 2 ** 24 }));
    const held = [
      shelf({ productId: 'b', quantity: 2 ** 24 }),
      shelf({ quantity: 2 ** 25, price: 2 ** 26 + 1 }),
    ];
    const message = 'must be at most 33554431 of this product in all';
    expect(refusal(wanted, held)).toMatchObject({
      code: 'VALIDATION_FAILED',
      facts: { errors: [1, 2].map((index) => ({ path: `items.${index}.quantity`, message })) },
    });
    expect(refusal(wanted, [held[0]!, shelf({ quantity: 2 ** 25, price: 2 ** 26 })])).toBeUndefined();
  });
});
