import { CheckOutBasket, GiveBackBasket } from '@order-system/contracts/basket.contracts';
import type { Call, CallInput, CallOutput } from '@order-system/contracts/define';
import { ReleaseStock, ReserveStock } from '@order-system/contracts/catalog.contracts';
import type { DomainError } from '@order-system/contracts/errors';
import { ListPaymentMethods, providerOf, StartPayment } from '@order-system/contracts/payments.contracts';
import { deadlineIn, type MessageContext, systemContext } from '@order-system/messaging/context';
import { localTransport } from '@order-system/messaging/transport';
import { Database } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { createTestDatabase } from '@order-system/prisma/testing/test-database';
import { startService } from '@order-system/service-host/start-service';
import { orders } from '../orders.module.js';

/** Whose patience lasts for all the tests of a file, also on a busy machine. */
export const someone = (role: 'user' | 'admin'): MessageContext => ({
  ...systemContext(),
  actor: { id: newId(), role },
  deadline: deadlineIn(300_000),
});

type Start = CallInput<typeof StartPayment>;

/** The other services, as far as orders ask them: what they were asked, and how they refuse. */
class Neighbours {
  readonly reserved: CallInput<typeof ReserveStock>[] = [];
  readonly released: string[] = [];
  readonly started: Start[] = [];
  /** Orders whose baskets got back what was taken out. */
  readonly givenBack: string[] = [];
  /** Of what everything in the catalogue costs. */
  price = 1000;
  paymentRefusal: DomainError | undefined;
  releaseRefusal: DomainError | undefined;
  reserveRefusal: DomainError | undefined;
  /** What becomes of a payment that is started. */
  paymentStatus: 'REQUESTED' | 'PENDING' | 'FAILED' | 'CANCELLED' = 'PENDING';
  /** For so long they do not answer. */
  silence: Promise<void> | undefined;
  /** What happens while stock is reserved. */
  meanwhile: (() => void) | undefined;
  private readonly begun = new Map<string, Date>();
  /** Of a payment that is live already. */
  livePayment: string | undefined;

  startsOf(id: string): Start[] {
    return this.started.filter(({ orderId }) => orderId === id);
  }

  async listMethods(): Promise<CallOutput<typeof ListPaymentMethods>> {
    return { methods: ['SANDBOX'] };
  }

  async startPayment(input: Start): Promise<CallOutput<typeof StartPayment>> {
    this.started.push(input);
    await this.silence;
    if (this.paymentRefusal) throw this.paymentRefusal;
    const { paymentId, orderId, userId, amount, ifLive = 'END' } = input;
    const id = (ifLive === 'END' ? undefined : this.livePayment) ?? paymentId;
    const createdAt = this.begun.get(id) ?? new Date();
    this.begun.set(id, createdAt);
    const at = { createdAt, updatedAt: new Date() };
    const rest = { refunded: 0, currency: 'USD', message: null, receipt: null };
    const provider = providerOf(input.method);
    return { payment: { id, orderId, userId, amount, provider, status: this.paymentStatus, ...rest, ...at } };
  }

  async reserve(input: CallInput<typeof ReserveStock>): Promise<CallOutput<typeof ReserveStock>> {
    this.reserved.push(input);
    await this.silence;
    this.meanwhile?.();
    if (this.reserveRefusal) throw this.reserveRefusal;
    const { price } = this;
    const lines = input.lines.map(({ productId, quantity }) => ({
      productId,
      quantity,
      price,
      sku: 'SKU',
      title: 'A mug',
      total: price * quantity,
    }));
    return { lines };
  }

  async checkOut(): Promise<CallOutput<typeof CheckOutBasket>> {
    return { lines: [{ productId: newId(), quantity: 3 }] };
  }

  async giveBack({ orderId }: CallInput<typeof GiveBackBasket>): Promise<CallOutput<typeof GiveBackBasket>> {
    this.givenBack.push(orderId);
    return {};
  }

  async release({ orderId }: CallInput<typeof ReleaseStock>): Promise<CallOutput<typeof ReleaseStock>> {
    this.released.push(orderId);
    if (this.releaseRefusal) throw this.releaseRefusal;
    return {};
  }
}

/** The orders service among neighbours that do as they are told. */
export async function startOrders() {
  const transport = localTransport();
  const database = await createTestDatabase();
  const neighbours = new Neighbours();
  const serve = async (name: string, handlers: [Call, (input: never) => Promise<unknown>][]) => {
    const server = transport.rpcServer(name);
    for (const [call, handler] of handlers) server.addHandler(call.name, handler as never, false, { call });
    await new Promise<void>((resolve) => server.listen(() => resolve()));
  };
  await serve('payments', [
    [ListPaymentMethods, () => neighbours.listMethods()],
    [StartPayment, (input) => neighbours.startPayment(input)],
  ]);
  await serve('catalog', [
    [ReserveStock, (input) => neighbours.reserve(input)],
    [ReleaseStock, (input) => neighbours.release(input)],
  ]);
  await serve('basket', [
    [CheckOutBasket, () => neighbours.checkOut()],
    [GiveBackBasket, (input) => neighbours.giveBack(input)],
  ]);
  const service = await startService(orders, {
    transport,
    ladder: [50],
    catchUpEveryMs: 60_000,
    database: { url: database.url, poolSize: 5 },
  });
  const db = new Database({ url: database.url, service: 'orders' });
  return {
    db,
    neighbours,
    rpc: transport.rpc,
    eventsOf: async (id: string) =>
      (
        await db.query<{ type: string }>(sql`
          SELECT type FROM events.event WHERE aggregate_id = ${id} ORDER BY aggregate_version`)
      ).map(({ type }) => type),
    /** When the order was last changed, as each event of a change tells. */
    updatesOf: async (id: string) =>
      (
        await db.query<{ at: string | null }>(sql`
          SELECT data ->> 'updatedAt' AS at FROM events.event
          WHERE aggregate_id = ${id} AND aggregate_version > 1 ORDER BY aggregate_version`)
      ).map(({ at }) => at),
    close: async () => {
      await service.close();
      await transport.close();
      await db.close();
      await database.drop();
    },
  };
}
