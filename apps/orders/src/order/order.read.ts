import { ownerFilter } from '@order-system/contracts/actor';
import type { CallInput, CallOutput } from '@order-system/contracts/define';
import { notFound } from '@order-system/contracts/errors';
import { shopCurrency } from '@order-system/contracts/money';
import {
  type GetOrderStats,
  type ListOrders,
  type Order,
  OrderStatus,
} from '@order-system/contracts/orders.contracts';
import type { Actor } from '@order-system/contracts/primitives';
import type { Database, Statements } from '@order-system/prisma/database';
import { allOf, plannedAnew, type Sql, sql, wordsLike } from '@order-system/prisma/sql';
import type { OrderState } from './order.rules.js';
import type { NewLine } from './order.store.js';

type Columns = Omit<Order, 'subtotal' | 'items' | 'payment' | 'history'>;
type History = Order['history'][number];

/** An order's row with its lines and history, as WHOLE reads it: what an order may be without is null. */
type WholeOrder = {
  [K in keyof Columns]-?: undefined extends Columns[K] ? NonNullable<Columns[K]> | null : Columns[K];
} & Pick<OrderState, 'paymentId' | 'paymentProvider' | 'paymentState'> & {
    lines: NewLine[];
    history: (Omit<History, 'at' | 'reason'> & { at: string; reason: string | null })[];
  };

/** Of the order `o` with its lines and history. */
const WHOLE = sql`o.id, number, user_id AS "userId", kind, status, payment_status AS "paymentStatus", currency, total,
      description, specifications, o.quantity, metadata, shipping_address AS "shippingAddress", notes,
      tracking_number AS "trackingNumber", carrier, payment_id AS "paymentId", payment_provider AS "paymentProvider",
      payment_state AS "paymentState", created_at AS "createdAt", updated_at AS "updatedAt",
      coalesce((
        SELECT json_agg(json_build_object('productId', l.product_id, 'title', l.title, 'price', l.price,
          'quantity', l.quantity) ORDER BY l.position)
        FROM orders.order_line l WHERE l.order_id = o.id
      ), '[]') AS lines, (
        SELECT json_agg(json_build_object('from', h."from", 'to', h."to", 'at', h.at, 'by', h.by, 'reason', h.reason)
          ORDER BY h.version)
        FROM orders.order_history h WHERE h.order_id = o.id
      ) AS history`;

/** What a customer looks at again and again while they wait, so it is one statement. */
export async function readOrder(db: Statements, id: string, actor: Actor): Promise<Order> {
  const owner = ownerFilter(actor);
  const [row] = await db.query<WholeOrder>(sql`
    SELECT ${WHOLE}
    FROM orders."order" o WHERE o.id = ${id} AND (${owner}::uuid IS NULL OR user_id = ${owner})`);
  if (!row) throw notFound('order');
  return present(row);
}

const MOST_NUMBER = 2_147_483_647;

export async function listOrders(
  db: Database,
  input: CallInput<typeof ListOrders>,
  actor: Actor,
): Promise<CallOutput<typeof ListOrders>> {
  const { page, limit, search } = input;
  const wanted = conditionOf({ ...input, userId: ownerFilter(actor) ?? input.userId });
  // The page is chosen by an index alone: what a deep one skips is not read.
  const chosen = sql`
    SELECT ${WHOLE} FROM (
      SELECT id FROM orders."order" o WHERE ${wanted}
      ORDER BY created_at DESC, id LIMIT ${limit} OFFSET ${(page - 1) * limit}
    ) AS page JOIN orders."order" o ON o.id = page.id ORDER BY created_at DESC, o.id`;
  const all = sql`SELECT count(*) AS total FROM orders."order" o WHERE ${wanted}`;
  // A rare word and a frequent one need different plans.
  const planned = (statement: Sql) => (search === undefined ? statement : plannedAnew(statement));
  const [rows, [counted]] = await Promise.all([
    db.searches.query<WholeOrder>(planned(chosen)),
    db.searches.query<{ total: number }>(planned(all)),
  ]);
  return { items: rows.map(present), total: counted?.total ?? 0 };
}

type Filters = Omit<CallInput<typeof ListOrders>, 'page' | 'limit'>;

/** Of the order `o`. */
function conditionOf({ userId, status, search, from, to }: Filters): Sql {
  const conditions = [sql`true`];
  if (userId !== undefined) conditions.push(sql`user_id = ${userId}`);
  if (status !== undefined) conditions.push(sql`status = ${status}`);
  if (from !== undefined) conditions.push(sql`created_at >= ${from}`);
  if (to !== undefined) conditions.push(sql`created_at < ${to}`);
  for (const word of search === undefined ? [] : wordsLike(search))
    conditions.push(userId === undefined ? isAmongAll(word) : isOf(word));
  return allOf(conditions);
}

/** In the order's own texts, or its number. */
function ownText(word: string): Sql {
  const text = `%${word}%`;
  const number = Number(/^#?(\d+)$/.exec(word)?.[1]);
  const known = number <= MOST_NUMBER ? number : null;
  return sql`(description ILIKE ${text} OR notes ILIKE ${text} OR number = ${known}::int)`;
}

/** A customer has few orders: each is looked at with its lines. */
const isOf = (word: string): Sql => sql`(${ownText(word)} OR EXISTS (
  SELECT FROM orders.order_line l WHERE l.order_id = o.id AND l.title ILIKE ${`%${word}%`}))`;

/** A shop has many: which have the word is what the indexes of the texts know. */
const isAmongAll = (word: string): Sql => sql`o.id IN (
  SELECT order_id FROM orders.order_line WHERE title ILIKE ${`%${word}%`}
  UNION SELECT id FROM orders."order" WHERE ${ownText(word)})`;

/** A row as the contract describes an order. */
function present({ lines, history, paymentId, paymentProvider, paymentState, ...order }: WholeOrder): Order {
  const { total } = order;
  return {
    ...order,
    subtotal: total,
    items: lines.map(({ productId, ...line }) => ({
      ...line,
      productId: productId ?? undefined,
      total: line.price * line.quantity,
    })),
    description: order.description ?? undefined,
    specifications: order.specifications ?? undefined,
    quantity: order.quantity ?? undefined,
    metadata: order.metadata ?? undefined,
    shippingAddress: order.shippingAddress ?? undefined,
    notes: order.notes ?? undefined,
    trackingNumber: order.trackingNumber ?? undefined,
    carrier: order.carrier ?? undefined,
    payment:
      paymentId && paymentProvider && paymentState
        ? { id: paymentId, provider: paymentProvider, status: paymentState, amount: total }
        : undefined,
    history: history.map(({ at, reason, ...entry }) => ({
      ...entry,
      at: new Date(at),
      ...(reason ? { reason } : {}),
    })),
  };
}

/** Orders whose money, or a part of it, is the shop's. */
const KEPT = sql`payment_status IN ('PAID', 'PARTIALLY_REFUNDED')`;

const MOST_DAYS = 366;

/** Of a day or of a state. */
interface Sums {
  day: string | null;
  status: OrderStatus | null;
  orders: number;
  kept: number;
  revenue: number;
}

/**
 * Revenue is what was captured and kept; a day is a UTC day. The orders are read once, and added up by day and state
 * before anything else is done with them: all of a shop's may be many. Without `to` all since `from`: the clock here may be
 * behind that of the database, which dates the orders.
 */
export async function readStats(
  db: Database,
  { from = new Date(0), to }: CallInput<typeof GetOrderStats>,
): Promise<CallOutput<typeof GetOrderStats>> {
  const sums = await db.searches.query<Sums>(sql`
    SELECT to_char(day, 'YYYY-MM-DD') AS day, status, sum(orders)::int8 AS orders, sum(kept)::int8 AS kept,
      coalesce(sum(revenue), 0)::float8 AS revenue
    FROM (
      SELECT date_bin('1 day', created_at, 'epoch') AS day, status, count(*) AS orders,
        count(*) FILTER (WHERE ${KEPT}) AS kept, sum(total - refunded) FILTER (WHERE ${KEPT}) AS revenue
      FROM orders."order" WHERE created_at >= ${from} AND created_at < ${to ?? 'infinity'} GROUP BY 1, 2
    ) AS part
    GROUP BY GROUPING SETS ((day), (status)) ORDER BY part.day`);
  const ofStates = sums.flatMap(({ status, ...sum }) => (status === null ? [] : [{ status, ...sum }]));
  const ofDays = sums.flatMap(({ day, orders, revenue }) => (day === null ? [] : [{ day, orders, revenue }]));
  const sumOf = (of: 'orders' | 'kept' | 'revenue') => ofStates.reduce((sum, state) => sum + state[of], 0);
  const [kept, revenue] = [sumOf('kept'), sumOf('revenue')];
  return {
    orders: sumOf('orders'),
    byStatus: {
      ...(Object.fromEntries(OrderStatus.options.map((status) => [status, 0])) as Record<
        OrderStatus,
        number
      >),
      ...Object.fromEntries(ofStates.map(({ status, orders }) => [status, orders])),
    },
    revenue,
    averageValue: kept === 0 ? 0 : Math.round(revenue / kept),
    currency: shopCurrency(),
    byDay: ofDays.slice(-MOST_DAYS),
  };
}
