import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ReserveStock } from '@order-system/contracts/catalog.contracts';
import type { CallInput } from '@order-system/contracts/define';
import { systemContext } from '@order-system/messaging/context';
import type { Database } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import {
  eventsOf,
  givenProduct,
  ledgerOf,
  shelfOf,
  startCatalogDatabase,
} from '../product/product.fixture.js';
import { updateProduct } from '../product/update-product.js';
import { followOrder } from './follow-order.js';
import { releaseLapsedHold } from './release-lapsed-hold.js';
import { ReleaseLapsedHolds } from './release-lapsed-holds.job.js';
import { reserveStock } from './reserve-stock.js';

describe('reserving', () => {
  let db: Database;
  let stop: () => Promise<void>;
  beforeAll(async () => ({ db, stop } = await startCatalogDatabase()));
  afterAll(() => stop());

  const settings = { holdMs: 60_000, lowStock: 5 };
  const reserve = (lines: CallInput<typeof ReserveStock>['lines'], orderId = newId()) =>
    db.inTx((tx) => reserveStock(tx, { orderId, lines }, systemContext(), settings));
  const timeOf = async (orderId: string) => {
    const [row] = await db.query<{ left: number | null }>(sql`
      SELECT extract(epoch FROM expires_at - clock_timestamp())::int AS left
      FROM catalog.reservation WHERE order_id = ${orderId}`);
    return row?.left;
  };
  const refusal = (attempt: Promise<unknown>) =>
    attempt.then(
      () => 'accepted',
      (error: { code: string }) => error.code,
    );

  it('gives 200 buyers of the last 10 units exactly 10', async () => {
    const { id, sku } = await givenProduct(db, { stock: 10 });
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, () => refusal(reserve([{ productId: id, quantity: 1 }]))),
    );
    expect(outcomes.filter((outcome) => outcome === 'accepted')).toHaveLength(10);
    expect(outcomes.filter((outcome) => outcome === 'OUT_OF_STOCK')).toHaveLength(190);
    expect(await shelfOf(db, id)).toEqual({ onHand: 10, reserved: 10 });
    const ledger = await ledgerOf(db, id);
    expect(ledger.map((entry) => entry.reserved)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(await eventsOf(db, id)).toMatchObject([
      { type: 'product.created', version: 1 },
      { type: 'stock.low', version: 2, data: { productId: id, sku, available: 5 } },
    ]);
  });

  it('sums two lines of one product before it looks at the stock', async () => {
    const { id } = await givenProduct(db, { stock: 10, price: 300 });
    const line = { productId: id, quantity: 6 };
    expect(await refusal(reserve([line, line]))).toBe('OUT_OF_STOCK');
    const answer = await reserve([line, { productId: id, quantity: 4 }]);
    expect(answer.lines).toMatchObject([{ productId: id, quantity: 10, price: 300, total: 3000 }]);
    expect(await shelfOf(db, id)).toEqual({ onHand: 10, reserved: 10 });
  });

  it('holds all lines or none', async () => {
    const plenty = await givenProduct(db, { stock: 10 });
    const scarce = await givenProduct(db, { stock: 1 });
    const orderId = newId();
    const lines = [plenty, scarce].map(({ id }) => ({ productId: id, quantity: 2 }));
    await expect(reserve(lines, orderId)).rejects.toMatchObject({
      code: 'OUT_OF_STOCK',
      facts: { available: [{ productId: scarce.id, requested: 2, available: 1 }] },
    });
    expect(await shelfOf(db, plenty.id)).toEqual({ onHand: 10, reserved: 0 });
    expect(await ledgerOf(db, plenty.id)).toHaveLength(1);
    // The order id is free for another try.
    await reserve(lines.slice(0, 1), orderId);
  });

  it('refuses archived and unknown products, and a price that is no longer right', async () => {
    const archived = await givenProduct(db);
    const admin = systemContext();
    await db.inTx((tx) => updateProduct(tx, { id: archived.id, status: 'ARCHIVED' }, admin));
    const { id } = await givenProduct(db, { price: 1999 });
    await expect(
      reserve([
        { productId: id, quantity: 1 },
        { productId: archived.id, quantity: 1 },
        { productId: newId(), quantity: 1 },
      ]),
    ).rejects.toMatchObject({
      code: 'NOT_FOUND',
      facts: { errors: [{ path: 'items.1.productId' }, { path: 'items.2.productId' }] },
    });
    await expect(reserve([{ productId: id, quantity: 1, price: 1899 }])).rejects.toMatchObject({
      code: 'PRICE_CHANGED',
      facts: { prices: [{ productId: id, price: 19.99 }] },
    });
    expect(await shelfOf(db, id)).toEqual({ onHand: 10, reserved: 0 });
  });

  it('never deadlocks when orders name the same products in opposite order', async () => {
    const [a, b] = [await givenProduct(db, { stock: 100 }), await givenProduct(db, { stock: 100 })];
    const lines = [a, b].map(({ id }) => ({ productId: id, quantity: 1 }));
    const attempts = Array.from({ length: 100 }, (_, index) =>
      refusal(reserve(index % 2 === 0 ? lines : [...lines].reverse())),
    );
    expect(new Set(await Promise.all(attempts))).toEqual(new Set(['accepted']));
    expect(await shelfOf(db, a.id)).toEqual({ onHand: 100, reserved: 100 });
    expect(await shelfOf(db, b.id)).toEqual({ onHand: 100, reserved: 100 });
  });

  it('refuses a line that costs more than can be counted, and holds nothing for it', async () => {
    const { id } = await givenProduct(db, { stock: 30_000_000, price: 100_000_000 });
    const other = await givenProduct(db);
    const line = { productId: id, quantity: 11_300_000 };
    await expect(reserve([{ productId: other.id, quantity: 1 }, line, line])).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      facts: {
        errors: [1, 2].map((index) => ({
          path: `items.${index}.quantity`,
          message: 'must be at most 22517998 of this product in all',
        })),
      },
    });
    expect(await shelfOf(db, id)).toEqual({ onHand: 30_000_000, reserved: 0 });
    const most = await reserve([{ productId: id, quantity: 22_517_998 }]);
    expect(most.lines).toMatchObject([{ total: 2_251_799_800_000_000 }]);
  });

  describe('for the same order again', () => {
    it('holds on from now, also when the time is over and nobody has swept yet', async () => {
      const { id } = await givenProduct(db, { stock: 1 });
      const orderId = newId();
      const lines = [{ productId: id, quantity: 1 }];
      const hold = { orderId, lines };
      await db.inTx((tx) => reserveStock(tx, hold, systemContext(), { holdMs: 0, lowStock: 0 }));
      await reserve(lines, orderId);
      await new ReleaseLapsedHolds(db).run();
      expect(await refusal(reserve(lines))).toBe('OUT_OF_STOCK');
      expect(await shelfOf(db, id)).toEqual({ onHand: 1, reserved: 1 });
      expect(await timeOf(orderId)).toBeGreaterThan(30);
    });

    it('holds on also when the sweep that comes to it had looked before', async () => {
      const { id } = await givenProduct(db, { stock: 1 });
      const orderId = newId();
      await reserve([{ productId: id, quantity: 1 }], orderId);
      await db.inTx((tx) => releaseLapsedHold(tx, { orderId }, systemContext()));
      expect(await shelfOf(db, id)).toEqual({ onHand: 1, reserved: 1 });
    });

    it('gives no time to what is held for a placed order', async () => {
      const { id } = await givenProduct(db);
      const orderId = newId();
      const lines = [{ productId: id, quantity: 1 }];
      await reserve(lines, orderId);
      await db.inTx((tx) => followOrder(tx, { orderId, fate: 'known' }, systemContext()));
      await reserve(lines, orderId);
      expect(await timeOf(orderId)).toBeNull();
    });

    it('gives the stored prices and holds nothing more, also when asked 20 times at once', async () => {
      const { id } = await givenProduct(db, { stock: 10, price: 700 });
      const orderId = newId();
      const ask = () => reserve([{ productId: id, quantity: 3 }], orderId);
      const answers = await Promise.all(Array.from({ length: 20 }, ask));
      await db.inTx((tx) => updateProduct(tx, { id, price: 900 }, systemContext()));
      answers.push(await ask());
      for (const answer of answers) expect(answer.lines).toMatchObject([{ price: 700, quantity: 3 }]);
      expect(await shelfOf(db, id)).toEqual({ onHand: 10, reserved: 3 });
    });

    it('holds what the order asks for now when it has not been placed yet', async () => {
      const { id } = await givenProduct(db, { stock: 10 });
      const orderId = newId();
      await reserve([{ productId: id, quantity: 8 }], orderId);
      await reserve([{ productId: id, quantity: 9 }], orderId);
      expect(await shelfOf(db, id)).toEqual({ onHand: 10, reserved: 9 });
      const reasons = (await ledgerOf(db, id)).map((entry) => `${entry.reason} ${entry.quantity}`);
      expect(reasons).toEqual(['INITIAL 10', 'RESERVED -8', 'RELEASED 8', 'RESERVED -9']);
    });

    it('does not change what a placed order holds', async () => {
      const { id } = await givenProduct(db, { stock: 10 });
      const orderId = newId();
      await reserve([{ productId: id, quantity: 2 }], orderId);
      await db.inTx((tx) => followOrder(tx, { orderId, fate: 'known' }, systemContext()));
      expect(await refusal(reserve([{ productId: id, quantity: 3 }], orderId))).toBe('STALE_WRITE');
      expect(await shelfOf(db, id)).toEqual({ onHand: 10, reserved: 2 });
    });
  });
});
