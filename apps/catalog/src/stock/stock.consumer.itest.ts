import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  OrderCancelled,
  OrderCreated,
  type OrderFact,
  OrderUpdated,
} from '@order-system/contracts/orders.contracts';
import type { EventContract, EventData } from '@order-system/contracts/define';
import { systemContext } from '@order-system/messaging/context';
import { deliver } from '@order-system/messaging/deliver';
import type { EventMessage } from '@order-system/messaging/events';
import { emit, fact, toMessage } from '@order-system/messaging/outbox';
import { Database } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { givenProduct, ledgerOf, shelfOf, startCatalogDatabase } from '../product/product.fixture.js';
import { ReleaseLapsedHolds } from './release-lapsed-holds.job.js';
import { reserveStock } from './reserve-stock.js';
import { followOrder } from './follow-order.js';
import { catalogOrders } from './stock.consumer.js';
import { lockReservations } from './stock.store.js';
import { EFFECT, type OrderFate } from './stock.rules.js';

const orderFact = (orderId: string, changes: Partial<OrderFact>): OrderFact => ({
  orderId,
  number: 1001,
  userId: newId(),
  kind: 'CATALOG',
  status: 'PENDING',
  previousStatus: null,
  paymentStatus: 'PENDING',
  total: 1000,
  currency: 'USD',
  ...changes,
});

const message = <E extends EventContract>(
  contract: E,
  version: number,
  data: EventData<E> & OrderFact,
): EventMessage =>
  toMessage(systemContext(), fact(contract, { type: 'order', id: data.orderId, version }, data));
const created = (orderId: string) =>
  message(OrderCreated, 1, { ...orderFact(orderId, {}), payBefore: null, createdAt: new Date() });
const paid = (orderId: string, status: OrderFact['status'] = 'PROCESSING') =>
  message(OrderUpdated, 2, orderFact(orderId, { previousStatus: 'PENDING', status }));
const cancelled = (orderId: string) =>
  message(OrderCancelled, 3, orderFact(orderId, { previousStatus: 'PENDING', status: 'CANCELLED' }));

describe('the stock of an order', () => {
  let db: Database;
  let url: string;
  let stop: () => Promise<void>;
  beforeAll(async () => ({ db, url, stop } = await startCatalogDatabase()));
  afterAll(() => stop());

  const hear = (event: EventMessage) => deliver(db, catalogOrders, event);
  const sweep = () => new ReleaseLapsedHolds(db).run();
  const stateOf = async (orderId: string) => {
    const [row] = await db.query<{ state: string; expiresAt: Date | null }>(
      sql`SELECT state, expires_at AS "expiresAt" FROM catalog.reservation WHERE order_id = ${orderId}`,
    );
    return row;
  };

  async function givenHold({ stock = 10, quantity = 4, holdMs = 60_000 } = {}) {
    const { id } = await givenProduct(db, { stock });
    const orderId = newId();
    const settings = { holdMs, lowStock: 0 };
    await db.inTx((tx) =>
      reserveStock(tx, { orderId, lines: [{ productId: id, quantity }] }, systemContext(), settings),
    );
    return { id, orderId };
  }
  const reasonsOf = async (id: string) => (await ledgerOf(db, id)).map((entry) => entry.reason);

  it('goes back when its hold lapses, once, whoever sweeps', async () => {
    const holds = await Promise.all(Array.from({ length: 20 }, () => givenHold({ holdMs: 0 })));
    await Promise.all([sweep(), sweep(), sweep()]);
    for (const { id } of holds) {
      expect(await shelfOf(db, id)).toEqual({ onHand: 10, reserved: 0 });
      expect(await reasonsOf(id)).toEqual(['INITIAL', 'RESERVED', 'RELEASED']);
    }
  });

  it('stays held once the order is known', async () => {
    const { id, orderId } = await givenHold({ holdMs: 0 });
    await hear(created(orderId));
    await sweep();
    expect(await shelfOf(db, id)).toEqual({ onHand: 10, reserved: 4 });
  });

  it('stays held while the event of its order is still on the way', async () => {
    const { id, orderId } = await givenHold({ holdMs: 0 });
    const data = { ...orderFact(orderId, {}), payBefore: null, createdAt: new Date() };
    await db.inTx((tx) =>
      emit(tx, systemContext(), [fact(OrderCreated, { type: 'order', id: orderId, version: 1 }, data)]),
    );
    await sweep();
    expect(await shelfOf(db, id)).toEqual({ onHand: 10, reserved: 4 });
    expect(await stateOf(orderId)).toEqual({ state: 'HELD', expiresAt: null });
  });

  it('is held again when its order turns up after the hold has lapsed', async () => {
    const { id, orderId } = await givenHold({ holdMs: 0 });
    await sweep();
    await hear(created(orderId));
    expect(await shelfOf(db, id)).toEqual({ onHand: 10, reserved: 4 });
    await hear(paid(orderId));
    expect(await shelfOf(db, id)).toEqual({ onHand: 6, reserved: 0 });
  });

  it('leaves others what they have bought meanwhile', async () => {
    const { id, orderId } = await givenHold({ holdMs: 0, quantity: 8 });
    await sweep();
    const other = { orderId: newId(), lines: [{ productId: id, quantity: 5 }] };
    await db.inTx((tx) => reserveStock(tx, other, systemContext()));
    expect(await hear(created(orderId))).toBe('consumed');
    expect(await shelfOf(db, id)).toEqual({ onHand: 10, reserved: 5 });
  });

  it('is sold when the order is paid, once for one event', async () => {
    const { id, orderId } = await givenHold();
    await hear(created(orderId));
    const event = paid(orderId);
    const outcomes = await Promise.all([hear(event), hear(event), hear(event)]);
    expect(outcomes.sort()).toEqual(['consumed', 'duplicate', 'duplicate']);
    expect(await shelfOf(db, id)).toEqual({ onHand: 6, reserved: 0 });
    expect(await reasonsOf(id)).toEqual(['INITIAL', 'RESERVED', 'SOLD']);
  });

  it('is sold also when staff have to agree to the price of another line', async () => {
    const { id, orderId } = await givenHold();
    for (const event of [created(orderId), paid(orderId, 'REVIEW')]) await hear(event);
    expect(await reasonsOf(id)).toEqual(['INITIAL', 'RESERVED', 'SOLD']);
  });

  it('comes back when a paid order is cancelled', async () => {
    const { id, orderId } = await givenHold();
    for (const event of [created(orderId), paid(orderId), cancelled(orderId)]) await hear(event);
    expect(await shelfOf(db, id)).toEqual({ onHand: 10, reserved: 0 });
    expect(await reasonsOf(id)).toEqual(['INITIAL', 'RESERVED', 'SOLD', 'RETURNED']);
  });

  it('stays free when an order was cancelled before it was heard of', async () => {
    const { id, orderId } = await givenHold();
    for (const event of [cancelled(orderId), created(orderId), paid(orderId)]) await hear(event);
    expect(await shelfOf(db, id)).toEqual({ onHand: 10, reserved: 0 });
    expect(await reasonsOf(id)).toEqual(['INITIAL', 'RESERVED', 'RELEASED']);
  });

  it('goes back at once when the order will not be placed, but not when it stands', async () => {
    const [placed, dropped] = [await givenHold(), await givenHold()];
    await hear(created(placed.orderId));
    for (const { orderId } of [placed, dropped])
      await db.inTx((tx) => followOrder(tx, { orderId, fate: 'not placed' }, systemContext()));
    expect(await shelfOf(db, placed.id)).toEqual({ onHand: 10, reserved: 4 });
    expect(await shelfOf(db, dropped.id)).toEqual({ onHand: 10, reserved: 0 });
  });

  it('is nobody’s business when an order has no goods of the catalogue', async () => {
    const orderId = newId();
    for (const event of [created(orderId), paid(orderId), cancelled(orderId)])
      expect(await hear(event)).toBe('consumed');
  });

  describe('of several orders at once', () => {
    const follow = (fates: [string, OrderFate][]) =>
      db.inTx((tx) =>
        Promise.all(fates.map(([orderId, fate]) => followOrder(tx, { orderId, fate }, systemContext()))),
      );
    async function givenOrders(ids: string[], quantities: number[]): Promise<string[]> {
      const orders = quantities.map((quantity) => ({ orderId: newId(), quantity }));
      for (const { orderId, quantity } of orders) {
        const lines = ids.map((productId) => ({ productId, quantity }));
        await db.inTx((tx) => reserveStock(tx, { orderId, lines }, systemContext()));
      }
      return orders.map(({ orderId }) => orderId);
    }

    it('moves as if they had come one by one', async () => {
      const { id } = await givenProduct(db, { stock: 30 });
      const [known, sold, dropped, both] = (await givenOrders([id], [1, 2, 3, 4])) as [
        string,
        string,
        string,
        string,
      ];
      const lapsed = newId();
      const hold = { orderId: lapsed, lines: [{ productId: id, quantity: 5 }] };
      await db.inTx((tx) => reserveStock(tx, hold, systemContext(), { holdMs: 0, lowStock: 0 }));
      await sweep();
      await follow([[both, 'paid']]);
      await follow([
        [known, 'known'],
        [sold, 'paid'],
        [lapsed, 'paid'],
        [dropped, 'cancelled'],
        [both, 'cancelled'],
      ]);
      expect(await shelfOf(db, id)).toEqual({ onHand: 23, reserved: 1 });
      expect(await stateOf(known)).toEqual({ state: 'HELD', expiresAt: null });
      const ledger = await ledgerOf(db, id);
      const moved = (orderId: string) =>
        ledger
          .filter((entry) => entry.orderId === orderId)
          .map(({ reason, quantity }) => `${reason} ${quantity}`);
      expect(moved(sold)).toEqual(['RESERVED -2', 'SOLD -2']);
      expect(moved(dropped)).toEqual(['RESERVED -3', 'RELEASED 3']);
      expect(moved(both)).toEqual(['RESERVED -4', 'SOLD -4', 'RETURNED 4']);
      expect(moved(lapsed)).toEqual(['RESERVED -5', 'RELEASED 5', 'RESERVED -5', 'SOLD -5']);
      for (const [index, { reason, quantity, onHand, reserved }] of ledger.entries()) {
        const before = ledger[index - 1] ?? { onHand: 0, reserved: 0 };
        const effect = EFFECT[reason as keyof typeof EFFECT];
        expect({ onHand, reserved }).toEqual({
          onHand: before.onHand + effect.onHand * Math.abs(quantity),
          reserved: before.reserved + effect.reserved * Math.abs(quantity),
        });
      }
    });

    it('never waits in a circle, in whatever order they come', async () => {
      const products = await Promise.all([1, 2, 3].map(() => givenProduct(db, { stock: 1000 })));
      const ids = products.map(({ id }) => id);
      const deadlocks = async () => {
        await db.query(sql`SELECT pg_stat_force_next_flush()`);
        const [row] = await db.query<{ deadlocks: number }>(
          sql`SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`,
        );
        return row?.deadlocks;
      };
      const orders = await givenOrders(ids, Array<number>(40).fill(1));
      const groups = [0, 10, 20, 30].map((from) => orders.slice(from, from + 10));
      await Promise.all(
        groups.flatMap((group, index) => {
          const some = index % 2 === 0 ? group : [...group].reverse();
          return [
            follow(some.map((orderId) => [orderId, 'paid'])),
            follow([...some].reverse().map((orderId) => [orderId, 'cancelled'])),
            givenOrders([...ids].reverse(), [1, 1]),
          ];
        }),
      );
      expect(await deadlocks()).toBe(0);
      for (const id of ids) expect((await shelfOf(db, id)).reserved).toBe(8);
    });
  });

  it('reads the lines of its order alone, also by a plan that was made while there were few', async () => {
    const few = new Database({ url, service: 'catalog', poolSize: 1 });
    try {
      const { orderId } = await givenHold();
      await few.inTx((tx) => lockReservations(tx, [orderId]));
      await db.execute(sql`
        WITH old AS (
          INSERT INTO catalog.reservation (order_id, state)
          SELECT gen_random_uuid(), 'SOLD' FROM generate_series(1, 3000) RETURNING order_id
        )
        INSERT INTO catalog.reservation_line (order_id, product_id, sku, title, price, quantity)
        SELECT o.order_id, l.product_id, l.sku, l.title, l.price, l.quantity
        FROM old o CROSS JOIN catalog.reservation_line l WHERE l.order_id = ${orderId}`);
      const read = await few.inTx(async (tx) => {
        expect((await lockReservations(tx, [orderId])).get(orderId)?.lines).toHaveLength(1);
        return tx.one<{ rows: number }>(sql`
          SELECT sum(seq_tup_read) AS rows FROM pg_stat_xact_user_tables WHERE schemaname = 'catalog'`);
      });
      expect(Number(read?.rows)).toBeLessThan(100);
    } finally {
      await few.close();
    }
  });

  it('adds up in the ledger after everything at once', async () => {
    const { id } = await givenProduct(db, { stock: 60 });
    const orders = Array.from({ length: 30 }, () => newId());
    await Promise.all(
      orders.map(async (orderId, index) => {
        const line = { productId: id, quantity: 1 + (index % 3) };
        await db.inTx((tx) => reserveStock(tx, { orderId, lines: [line] }, systemContext()));
        await hear(created(orderId));
        const fates = [[paid(orderId)], [cancelled(orderId)], [paid(orderId), cancelled(orderId)]];
        for (const event of fates[index % 3] ?? []) await hear(event);
      }),
    );
    const ledger = await ledgerOf(db, id);
    const sum = (...reasons: string[]) =>
      ledger
        .filter((entry) => reasons.includes(entry.reason))
        .reduce((all, entry) => all + entry.quantity, 0);
    expect(await shelfOf(db, id)).toEqual({
      onHand: sum('INITIAL', 'RESTOCK', 'ADJUSTMENT', 'SOLD', 'RETURNED'),
      reserved: -sum('RESERVED', 'RELEASED') + sum('SOLD'),
    });
    expect(await shelfOf(db, id)).toEqual({ onHand: 50, reserved: 0 });
  });
});
