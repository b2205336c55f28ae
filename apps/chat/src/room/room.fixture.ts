import { type Call, type CallInput, type CallOutput, serviceOf } from '@order-system/contracts/define';
import { DomainError, notFound } from '@order-system/contracts/errors';
import { GetOrder, type Order, OrderCreated, SettleReview } from '@order-system/contracts/orders.contracts';
import type { Role } from '@order-system/contracts/primitives';
import { type MessageContext, systemContext } from '@order-system/messaging/context';
import { emit, fact } from '@order-system/messaging/outbox';
import { Relay } from '@order-system/messaging/relay';
import { Spy } from '@order-system/messaging/testing/spy';
import { localTransport, type Transport } from '@order-system/messaging/transport';
import { Database } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { createTestDatabase } from '@order-system/prisma/testing/test-database';
import { startService } from '@order-system/service-host/start-service';
import { chat } from '../chat.module.js';
import { insertRoom } from './room.store.js';

export const as = (role: Role, id: string = newId()): MessageContext => ({
  ...systemContext(),
  actor: { id, role },
});

let number = 1000;
export const anOrder = (changes: Partial<Order> = {}): Order => ({
  id: newId(),
  number: (number += 1),
  userId: newId(),
  kind: 'CUSTOM',
  status: 'REVIEW',
  paymentStatus: 'NOT_REQUIRED',
  currency: 'USD',
  subtotal: 0,
  total: 0,
  items: [],
  history: [],
  createdAt: new Date('2026-01-01T00:00:00Z'),
  updatedAt: new Date('2026-01-01T00:00:00Z'),
  ...changes,
});

/** Another service in place of the real one: what a closing gets to see of it. */
class FakeOrders {
  readonly orders = new Map<string, Order>();
  readonly settled: CallInput<typeof SettleReview>[] = [];
  /** Runs instead of, or around, settling. */
  onSettle: (settle: () => Order) => Promise<Order> = async (settle) => settle();

  add(changes: Partial<Order> = {}): Order {
    const order = anOrder(changes);
    this.orders.set(order.id, order);
    return order;
  }

  async listen(transport: Transport): Promise<void> {
    const server = transport.rpcServer(serviceOf(GetOrder));
    const answer = <C extends Call>(
      call: C,
      handle: (input: CallInput<C>, ctx: MessageContext) => Promise<CallOutput<C>>,
    ) => server.addHandler(call.name, handle as never, false, { call });
    answer(GetOrder, async ({ id }, { actor }) => {
      const order = this.orders.get(id);
      if (!order || (actor.role !== 'admin' && actor.id !== order.userId)) throw notFound('order');
      return order;
    });
    answer(SettleReview, (input) => this.onSettle(() => this.settle(input)));
    await new Promise<void>((resolve) => server.listen(() => resolve()));
  }

  private settle(input: CallInput<typeof SettleReview>): Order {
    const order = this.orders.get(input.id);
    if (!order) throw notFound('order');
    if (!this.settled.some(({ closingId }) => closingId === input.closingId)) {
      if (input.quote !== undefined && order.status !== 'REVIEW')
        throw new DomainError('ILLEGAL_TRANSITION', 'no quote', { from: order.status, possible: [] });
      if (order.status === 'REVIEW') this.orders.set(order.id, { ...order, status: 'PROCESSING' });
    }
    this.settled.push(input);
    return this.orders.get(input.id) ?? order;
  }
}

export interface StoredEvent {
  type: string;
  version: number;
  data: Record<string, unknown>;
}

/** The service on a migrated database of its own, beside orders that are not real. */
export async function startChat() {
  const { url, drop } = await createTestDatabase();
  const transport = localTransport();
  const ordersDb = new Database({ url, service: 'orders', poolSize: 1 });
  const relay = new Relay(ordersDb, transport.broker, 'orders');
  const orders = new FakeOrders();
  await orders.listen(transport);
  const spy = new Spy();
  const service = await startService(chat, {
    transport,
    ladder: [50],
    catchUpEveryMs: 60_000,
    spy,
    database: { url, poolSize: 10 },
  });
  const db = new Database({ url, service: 'chat', poolSize: 10 });
  relay.start();
  return {
    db,
    orders,
    spy,
    rpc: transport.rpc,
    /** An order whose room is there. */
    givenRoom: async (changes: Partial<Order> = {}): Promise<Order> => {
      const order = orders.add(changes);
      const { id: orderId, number: orderNumber, userId, createdAt } = order;
      await insertRoom(db, { orderId, orderNumber, userId, createdAt });
      return order;
    },
    announce: (order: Order) => announceOrder(ordersDb, order),
    /** The room's own events, as they were stored. */
    eventsOf: (orderId: string): Promise<StoredEvent[]> =>
      db.query<StoredEvent>(sql`
        SELECT type, aggregate_version AS version, data FROM events.event
        WHERE aggregate_type = 'room' AND coalesce(data ->> 'orderId', data #>> '{message,orderId}') = ${orderId}
        ORDER BY aggregate_version`),
    stop: async () => {
      await service.close();
      await relay.stop();
      await ordersDb.close();
      await transport.close();
      await db.close();
      await drop();
    },
  };
}

/** Tells everybody of an order as orders would; answers the event's id. */
async function announceOrder(db: Database, order: Order): Promise<string> {
  const { id: orderId, number: orderNumber, userId, kind, status, paymentStatus, total, currency } = order;
  const data = {
    orderId,
    number: orderNumber,
    userId,
    kind,
    status,
    paymentStatus,
    total,
    currency,
    previousStatus: null,
    payBefore: null,
    createdAt: order.createdAt,
  };
  await db.inTx((tx) =>
    emit(tx, systemContext(), [fact(OrderCreated, { type: 'order', id: orderId, version: 1 }, data)]),
  );
  const [event] = await db.query<{ id: string }>(sql`
    SELECT id FROM events.event WHERE aggregate_id = ${orderId} AND aggregate_version = 1`);
  return event?.id ?? '';
}
