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
import { emit, fact } from '@order-system/messaging/outbox';
import type { Database } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { z } from 'zod';
import { givenProduct, ledgerOf, shelfOf, startCatalogDatabase } from '../product/product.fixture.js';
import { ReleaseLapsedHolds } from './release-lapsed-holds.job.js';
import { reserveStock } from './reserve-stock.js';
import { followOrder } from './follow-order.js';
import { catalogOrders } from './stock.consumer.js';

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
  data: EventData<E>,
): EventMessage => ({
  id: newId(),
  type: contract.type,
  version: contract.version,
  aggregate: { type: 'order', id: (data as OrderFact).orderId, version },
  data: z.encode(contract.data, data),
  actor: { id: null, role: 'system' },
  correlationId: newId(),
  causationId: null,
  occurredAt: new Date(),
});
const created = (orderId: string) =>
  message(OrderCreated, 1, { ...orderFact(orderId, {}), payBefore: null, createdAt: new Date() });
const paid = (orderId: string) =>
  message(OrderUpdated, 2, orderFact(orderId, { previousStatus: 'PENDING', status: 'PROCESSING' }));
const cancelled = (orderId: string) =>
  message(OrderCancelled, 3, orderFact(orderId, { previousStatus: 'PENDING', status: 'CANCELLED' }));

describe('the stock of an order', () => {
  let db: Database;
  let stop: () => Promise<void>;
  beforeAll(async () => ({ db, stop } = await startCatalogDatabase()));
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
