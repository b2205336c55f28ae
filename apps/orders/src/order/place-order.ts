import { Inject, Injectable } from '@nestjs/common';
import { signedIn } from '@order-system/contracts/actor';
import type { CallInput, CallOutput } from '@order-system/contracts/define';
import { CheckOutBasket, GiveBackBasket } from '@order-system/contracts/basket.contracts';
import { ReleaseStock, ReserveStock } from '@order-system/contracts/catalog.contracts';
import { DomainError, isFinalRefusal } from '@order-system/contracts/errors';
import { shopCurrency } from '@order-system/contracts/money';
import { PlaceOrder } from '@order-system/contracts/orders.contracts';
import { providerOf, StartPayment } from '@order-system/contracts/payments.contracts';
import { deadlineIn, type MessageContext } from '@order-system/messaging/context';
import { crashPoint } from '@order-system/messaging/crash-point';
import { RpcClient } from '@order-system/messaging/rpc-client';
import { logger } from '@order-system/observability/logger';
import { Database } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { z } from 'zod';
import { ORDERS_CONFIG, type OrdersConfig } from '../orders.config.js';
import { totalOf } from './order.rules.js';
import { insertOrder, type NewLine, type NewOrder } from './order.store.js';
import { PaymentMethods } from './payment-methods.js';
import {
  claimPlacement,
  dropPlacement,
  keepAnswer,
  type Placement,
  type PlacementIds,
  releasePlacement,
} from './placement.store.js';
import { readWithPayment } from './read-with-payment.js';

const log = logger('orders');
const UNDO_MS = 2000;

type Input = CallInput<typeof PlaceOrder>;
type Answer = CallOutput<typeof PlaceOrder>;
/** What the payment of an order needs to know of it. */
type Placed = Pick<NewOrder, 'id' | 'userId' | 'paymentId' | 'total'>;
type Item = NonNullable<Input['items']>[number];
type Undo = typeof ReleaseStock | typeof GiveBackBasket;

/**
 * Places an order step by step; each step can be repeated under the ids of the placement, so a request that comes
 * again after a crash goes on where the first one stopped.
 */
@Injectable()
export class OrderPlacing {
  constructor(
    private readonly db: Database,
    private readonly rpc: RpcClient,
    @Inject(ORDERS_CONFIG) private readonly config: OrdersConfig,
    private readonly methods: PaymentMethods,
  ) {}

  async place(input: Input, ctx: MessageContext): Promise<Answer> {
    const { actor, idempotencyKey } = ctx;
    const userId = signedIn(actor, 'Sign in to place an order.');
    if (idempotencyKey === undefined)
      return this.carryOut(input, { orderId: newId(), paymentId: newId(), isRepeated: false }, ctx);
    const placement = await claimPlacement(this.db, userId, idempotencyKey, input);
    if (placement.answer !== null) return PlaceOrder.output.parse(placement.answer);
    crashPoint('orders.claimed');
    try {
      const answer = await this.carryOut(input, placement, ctx);
      await keepAnswer(this.db, placement.orderId, z.encode(PlaceOrder.output, answer));
      return answer;
    } catch (error) {
      await this.letGo(placement, error);
      throw error;
    }
  }

  private async carryOut(input: Input, placement: PlacementIds, ctx: MessageContext): Promise<Answer> {
    const order = (await this.placedBefore(placement)) ?? (await this.placeNow(input, placement, ctx));
    const started = await this.startPayment(input, order, ctx);
    crashPoint('orders.payment_started');
    return { order: await readWithPayment(this.db, order.id, started.payment, ctx), ...started };
  }

  /** The order of an earlier try. Its basket is not asked again: once its event is there, it knows nothing of the order. */
  private async placedBefore({ orderId, isRepeated }: PlacementIds): Promise<Placed | undefined> {
    if (!isRepeated) return undefined;
    const [order] = await this.db.query<Placed>(sql`
      SELECT id, user_id AS "userId", payment_id AS "paymentId", total FROM orders."order" WHERE id = ${orderId}`);
    return order;
  }

  private async placeNow(
    input: Input,
    { orderId, paymentId }: PlacementIds,
    ctx: MessageContext,
  ): Promise<Placed> {
    const order = await this.compose(input, orderId, paymentId, ctx);
    crashPoint('orders.reserved');
    await this.db.inTx((tx) => insertOrder(tx, order, ctx));
    crashPoint('orders.committed_before_reply');
    return order;
  }

  private async compose(input: Input, id: string, paymentId: string, ctx: MessageContext): Promise<NewOrder> {
    const { description = null, quantity = null, notes = null, basketId = null } = input;
    const { specifications, metadata, shippingAddress } = input;
    const common = {
      id,
      userId: signedIn(ctx.actor),
      currency: shopCurrency(),
      basketId,
      description,
      specifications,
      quantity,
      metadata,
      shippingAddress,
      notes,
    };
    if (description !== null || input.paymentMethod === undefined) return { ...common, ...CUSTOM };
    const paymentProvider = providerOf(input.paymentMethod);
    await this.methods.refuseUnlessSetUp(paymentProvider, ctx);
    const items = await this.itemsOf(input, id, ctx);
    const { lines, total } = await this.pricedOrGivenBack(input, { id, items }, ctx);
    return {
      ...common,
      kind: 'CATALOG',
      status: 'PENDING',
      paymentStatus: 'PENDING',
      total,
      lines,
      ownPrices: items.some((item) => 'title' in item),
      payWithin: this.config.paymentWindow,
      paymentId,
      paymentProvider,
      paymentState: 'PENDING',
    };
  }

  /** What is in a basket is taken out: it can be ordered once. */
  private async itemsOf({ items, basketId }: Input, orderId: string, ctx: MessageContext): Promise<Item[]> {
    if (basketId === undefined) return items ?? [];
    const { lines } = await this.rpc.call(CheckOutBasket, { id: basketId, orderId }, ctx);
    if (lines.length === 0)
      throw new DomainError(
        'BASKET_EMPTY',
        'The basket is empty, or ordered already; put something in first.',
      );
    return lines;
  }

  /** When it is refused, all that was taken for it goes back at once. A hold that nobody answered for lapses. */
  private async pricedOrGivenBack(
    input: Input,
    { id, items }: { id: string; items: Item[] },
    ctx: MessageContext,
  ): Promise<{ lines: NewLine[]; total: number }> {
    const taken: Undo[] = input.basketId === undefined ? [] : [GiveBackBasket];
    try {
      const lines = await this.priced(id, items, ctx);
      if (lines.some(({ productId }) => productId !== null)) taken.unshift(ReleaseStock);
      return { lines, total: totalOf(lines) };
    } catch (error) {
      await Promise.all(taken.map((call) => this.undo(call, id, ctx)));
      throw asSent(input, items, error);
    }
  }

  /** Holds what comes from the catalogue, at the catalogue's prices. */
  private async priced(orderId: string, items: Item[], ctx: MessageContext): Promise<NewLine[]> {
    const wanted = items.filter((item) => 'productId' in item);
    // Own prices alone are checked before anything is held.
    if (wanted.length === 0) return items.map((item) => ownLine(item));
    const { lines } = await this.rpc.call(ReserveStock, { orderId, lines: wanted }, ctx);
    const known = new Map(lines.map((line) => [line.productId, line]));
    return items.map((item) => {
      if (!('productId' in item)) return ownLine(item);
      const line = known.get(item.productId);
      if (!line) throw new Error(`catalog reserved no ${item.productId}`);
      return { productId: item.productId, title: line.title, price: line.price, quantity: item.quantity };
    });
  }

  /** When it fails, what was taken goes back by itself after two minutes. */
  private async undo(call: Undo, orderId: string, ctx: MessageContext): Promise<void> {
    try {
      // The order may be refused because its time is up, but its key is still ours for a while.
      await this.rpc.call(call, { orderId }, { ...ctx, deadline: deadlineIn(UNDO_MS) });
    } catch (err) {
      const { correlationId } = ctx;
      log.warn(
        { err, orderId, correlationId, call: call.name },
        'what was taken for an order goes back later',
      );
    }
  }

  /** When it fails the order stands and can be paid later: the answer then has no payment. */
  private async startPayment(
    input: Input,
    order: Placed,
    ctx: MessageContext,
  ): Promise<Omit<Answer, 'order'>> {
    if (input.paymentMethod === undefined || order.paymentId === null) return {};
    const { paymentMethodId, paymentFlow: flow = 'FRONTEND', paymentMethod: method } = input;
    const { id: orderId, paymentId, userId, total: amount } = order;
    try {
      const request = { paymentId, orderId, userId, amount, method, flow, paymentMethodId };
      // A late first try must not end what the customer has begun meanwhile.
      return await this.rpc.call(StartPayment, { ...request, ifLive: 'KEEP' }, ctx);
    } catch (err) {
      log.warn({ err, orderId, correlationId: ctx.correlationId }, 'the payment could not be started');
      return {};
    }
  }

  private async letGo(placement: Placement, error: unknown): Promise<void> {
    try {
      await (isFinalRefusal(error) ? dropPlacement : releasePlacement)(this.db, placement);
    } catch (err) {
      log.warn({ err, orderId: placement.orderId }, 'the key stays taken until its lease ends');
    }
  }
}

/** What staff and customer will talk about first: nothing to pay yet. */
const CUSTOM = {
  kind: 'CUSTOM',
  status: 'REVIEW',
  paymentStatus: 'NOT_REQUIRED',
  total: 0,
  lines: [],
  ownPrices: false,
  payWithin: null,
  paymentId: null,
  paymentProvider: null,
  paymentState: null,
} as const;

/** Catalog counts the lines that it was asked for; who sent the order, all of them, or none but the basket. */
function asSent({ basketId }: Input, items: Item[], error: unknown): Error {
  if (!(error instanceof DomainError) || error.facts.errors === undefined) return error as Error;
  const places = items.flatMap((item, place) => ('productId' in item ? [{ place, id: item.productId }] : []));
  const errors = error.facts.errors.map(({ path, message }) => {
    const [, index, field] = /^items\.(\d+)\.(.+)$/.exec(path) ?? [];
    const line = places[Number(index)];
    if (basketId === undefined) return { path: line ? `items.${line.place}.${field}` : path, message };
    return { path: 'basketId', message: line ? `product ${line.id} ${message}` : message };
  });
  return new DomainError(error.code, error.detail, { ...error.facts, errors });
}

function ownLine(item: Item): NewLine {
  if (!('title' in item)) throw new Error('not a line of the customer');
  return { productId: null, title: item.title, price: item.price, quantity: item.quantity };
}
