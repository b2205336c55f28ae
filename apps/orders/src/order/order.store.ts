import { ownerFilter } from '@order-system/contracts/actor';
import { DomainError, notFound } from '@order-system/contracts/errors';
import {
  OrderCancelled,
  OrderCompleted,
  OrderCreated,
  type OrderFact,
  OrderShipped,
  OrderUpdated,
} from '@order-system/contracts/orders.contracts';
import type { Actor } from '@order-system/contracts/primitives';
import { type MessageContext, msLeft } from '@order-system/messaging/context';
import { emit, type Fact, fact } from '@order-system/messaging/outbox';
import type { Tx } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';
import { forgetIfOwnerIsGone } from './forget-owner.js';
import { type Decision, isFinal, type OrderState } from './order.rules.js';

/** The order, and nobody else's to change until the transaction ends. A stranger's is not there. Throws for a guest. */
export async function lockOrder(tx: Tx, id: string, actor: Actor): Promise<OrderState> {
  const owner = ownerFilter(actor);
  const row = await tx.one<OrderState>(sql`
    SELECT id, number, user_id AS "userId", kind, status, payment_status AS "paymentStatus", currency, total,
      own_prices AS "ownPrices", pay_before AS "payBefore", payment_id AS "paymentId",
      payment_provider AS "paymentProvider", payment_state AS "paymentState", attempted_at AS "attemptedAt", refunded,
      is_agreed AS "isAgreed", tracking_number AS "trackingNumber", carrier, version
    FROM orders."order" WHERE id = ${id} AND (${owner}::uuid IS NULL OR user_id = ${owner}) FOR UPDATE`);
  if (!row) throw notFound('order');
  return row;
}

/**
 * Stores a decision, its line of history and its event; the row has been locked by `lockOrder`. All three have one time,
 * that of this statement: the transaction may be older than the change before, for which it waited. Null changes nothing.
 */
export async function saveOrder(tx: Tx, decision: Decision | null, ctx: MessageContext): Promise<void> {
  if (decision === null) return;
  const { before, after, reason } = decision;
  const moved = before.status !== after.status;
  const saved = await tx.one<{ updatedAt: Date }>(sql`
    WITH saved AS (
      UPDATE orders."order" SET status = ${after.status}, payment_status = ${after.paymentStatus}, total = ${after.total},
        pay_before = ${after.payBefore}, payment_id = ${after.paymentId}, payment_provider = ${after.paymentProvider},
        payment_state = ${after.paymentState}, attempted_at = ${after.attemptedAt}, refunded = ${after.refunded},
        is_agreed = ${after.isAgreed}, tracking_number = ${after.trackingNumber}, carrier = ${after.carrier},
        version = ${after.version}, updated_at = clock_timestamp()
      WHERE id = ${before.id} RETURNING id, updated_at
    ), history AS (
      INSERT INTO orders.order_history (order_id, version, "from", "to", at, by, reason)
      SELECT id, ${after.version}::int, ${before.status}, ${after.status}, updated_at, ${ctx.actor.id}::uuid,
        ${reason ?? null} FROM saved WHERE ${moved}::boolean
    )
    SELECT updated_at AS "updatedAt" FROM saved`);
  if (moved && isFinal(after.status)) await forgetIfOwnerIsGone(tx, after.id);
  await emit(tx, ctx, [factOf(decision, saved!.updatedAt)]);
}

function factOf({ before, after, reason }: Decision, updatedAt: Date): Fact {
  const aggregate = { type: 'order', id: after.id, version: after.version };
  const data = { ...orderFact(after, before.status, reason), updatedAt };
  if (before.status === after.status) return fact(OrderUpdated, aggregate, data);
  switch (after.status) {
    case 'CANCELLED':
      return fact(OrderCancelled, aggregate, data);
    case 'COMPLETED':
      return fact(OrderCompleted, aggregate, data);
    case 'SHIPPED': {
      const { trackingNumber, carrier } = after;
      return fact(OrderShipped, aggregate, { ...data, ...given({ trackingNumber, carrier }) });
    }
    default:
      return fact(OrderUpdated, aggregate, data);
  }
}

function orderFact(
  order: OrderState,
  previousStatus: OrderFact['previousStatus'],
  reason?: string,
): OrderFact {
  const { id, number, userId, kind, status, paymentStatus, total, currency } = order;
  const about = { orderId: id, number, userId, kind, status, previousStatus, paymentStatus, total, currency };
  return reason === undefined ? about : { ...about, reason };
}

const given = (fields: Record<string, string | null>): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== null));

export interface NewLine {
  productId: string | null;
  title: string;
  price: number;
  quantity: number;
}

/** What only happens to an order later. */
const UNTOUCHED = {
  attemptedAt: null,
  refunded: 0,
  isAgreed: false,
  trackingNumber: null,
  carrier: null,
  version: 1,
};

/** An order before it has a number. */
export interface NewOrder extends Omit<OrderState, 'number' | 'payBefore' | keyof typeof UNTOUCHED> {
  readonly lines: readonly NewLine[];
  readonly basketId: string | null;
  readonly description: string | null;
  readonly specifications: unknown;
  readonly quantity: number | null;
  readonly metadata: unknown;
  readonly shippingAddress: unknown;
  readonly notes: string | null;
  /** Milliseconds; null when there is nothing to wait for. */
  readonly payWithin: number | null;
}

export const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));

/**
 * Stores a new order with its lines, history and event; nothing when the id is there already. Its times are the
 * database's: a process whose clock is wrong must neither shorten the time to pay nor prolong it. Throws
 * SERVICE_UNAVAILABLE when it comes too late: by then the stock may have lapsed, and be somebody else's.
 */
export async function insertOrder(tx: Tx, order: NewOrder, ctx: MessageContext): Promise<void> {
  if (msLeft(ctx) < 0)
    throw new DomainError('SERVICE_UNAVAILABLE', 'Placing the order took too long; try again.');
  const inserted = await tx.one<{ number: number; createdAt: Date; payBefore: Date | null }>(sql`
    WITH placed AS (
      INSERT INTO orders."order" (id, user_id, kind, status, payment_status, currency, total, own_prices, description,
        specifications, quantity, metadata, shipping_address, notes, basket_id, payment_id, payment_provider,
        payment_state, pay_before, created_at, updated_at)
      VALUES (${order.id}, ${order.userId}, ${order.kind}, ${order.status}, ${order.paymentStatus}, ${order.currency},
        ${order.total}, ${order.ownPrices}, ${order.description}, ${json(order.specifications)}::jsonb,
        ${order.quantity}, ${json(order.metadata)}::jsonb, ${json(order.shippingAddress)}::jsonb, ${order.notes},
        ${order.basketId}, ${order.paymentId}, ${order.paymentProvider}, ${order.paymentState},
        now() + ${order.payWithin}::float8 * interval '1 millisecond', now(), now())
      ON CONFLICT (id) DO NOTHING RETURNING id, number, status, created_at, pay_before
    ), lines AS (
      INSERT INTO orders.order_line (order_id, position, product_id, title, price, quantity)
      SELECT placed.id, l.position, l."productId", l.title, l.price, l.quantity FROM placed,
        ROWS FROM (jsonb_to_recordset(${JSON.stringify(order.lines)}::jsonb)
          AS ("productId" uuid, title text, price int, quantity int)) WITH ORDINALITY
          AS l("productId", title, price, quantity, position)
    ), history AS (
      INSERT INTO orders.order_history (order_id, version, "to", at, by)
      SELECT id, 1, status, created_at, ${ctx.actor.id}::uuid FROM placed
    )
    SELECT number, created_at AS "createdAt", pay_before AS "payBefore" FROM placed`);
  if (!inserted) return;
  const { number, createdAt, payBefore } = inserted;
  const placed = { ...order, ...UNTOUCHED, number, payBefore };
  const { basketId } = order;
  const data = { ...orderFact(placed, null), payBefore, createdAt, ...given({ basketId }) };
  await emit(tx, ctx, [fact(OrderCreated, { type: 'order', id: order.id, version: 1 }, data)]);
}
