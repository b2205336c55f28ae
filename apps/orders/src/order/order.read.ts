import type { CallInput, CallOutput } from '@order-system/contracts/define';
import { notFound } from '@order-system/contracts/errors';
import { shopCurrency } from '@order-system/contracts/money';
import {
  type GetOrderStats,
  type ListOrders,
  Order,
  OrderStatus,
} from '@order-system/contracts/orders.contracts';
import type { Actor } from '@order-system/contracts/primitives';
import type { Database, Statements } from '@order-system/prisma/database';
import type { Prisma } from '@order-system/prisma/generated/client';
import { sql, wordsLike } from '@order-system/prisma/sql';

const whole = {
  lines: { orderBy: { position: 'asc' } },
  history: { orderBy: { version: 'asc' } },
} satisfies Prisma.OrderInclude;
type StoredOrder = Prisma.OrderGetPayload<{ include: typeof whole }>;
type StoredHistory = StoredOrder['history'][number];

/** An order's row with its lines and history, as Prisma or one statement gives it. */
interface WholeOrder extends Omit<
  StoredOrder,
  | 'lines'
  | 'history'
  | 'total'
  | 'refunded'
  | 'ownPrices'
  | 'isAgreed'
  | 'basketId'
  | 'attemptedAt'
  | 'payBefore'
  | 'version'
> {
  total: bigint | number;
  lines: Pick<StoredOrder['lines'][number], 'productId' | 'title' | 'price' | 'quantity'>[];
  history: (Omit<StoredHistory, 'orderId' | 'version' | 'at'> & { at: Date | string })[];
}

/** Whose orders the caller may see: an admin everybody's. */
const ownerOf = (actor: Actor): { userId?: string } =>
  actor.role === 'admin' ? {} : { userId: actor.id ?? '' };

/** What a customer looks at again and again while they wait, so it is one statement. */
export async function readOrder(db: Statements, id: string, actor: Actor): Promise<Order> {
  const { userId = null } = ownerOf(actor);
  const [row] = await db.query<WholeOrder>(sql`
    SELECT o.id, number, user_id AS "userId", kind, status, payment_status AS "paymentStatus", currency, total,
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
      ) AS history
    FROM orders."order" o WHERE o.id = ${id} AND (${userId}::uuid IS NULL OR user_id = ${userId})`);
  if (!row) throw notFound('order');
  return present(row);
}

const MOST_NUMBER = 2_147_483_647;

export async function listOrders(
  db: Database,
  input: CallInput<typeof ListOrders>,
  actor: Actor,
): Promise<CallOutput<typeof ListOrders>> {
  const { page, limit, status, search, from, to } = input;
  const where: Prisma.OrderWhereInput = {
    ...(input.userId === undefined ? {} : { userId: input.userId }),
    ...ownerOf(actor),
    ...(status === undefined ? {} : { status }),
    ...(from || to ? { createdAt: { ...(from ? { gte: from } : {}), ...(to ? { lt: to } : {}) } } : {}),
    ...(search === undefined ? {} : { AND: wordsLike(search).map(matches) }),
  };
  const orderBy = [{ createdAt: 'desc' as const }, { id: 'asc' as const }];
  const [rows, total] = await Promise.all([
    db.prisma.order.findMany({ where, include: whole, orderBy, skip: (page - 1) * limit, take: limit }),
    db.prisma.order.count({ where }),
  ]);
  return { items: rows.map(present), total };
}

function matches(word: string): Prisma.OrderWhereInput {
  const contains = { contains: word, mode: 'insensitive' as const };
  const [, digits] = /^#?(\d+)$/.exec(word) ?? [];
  const number = Number(digits);
  return {
    OR: [
      { lines: { some: { title: contains } } },
      { description: contains },
      { notes: contains },
      ...(number <= MOST_NUMBER ? [{ number }] : []),
    ],
  };
}

/** A row as the contract describes an order. */
function present(row: WholeOrder): Order {
  const total = Number(row.total);
  const payment =
    row.paymentId && row.paymentProvider && row.paymentState
      ? { id: row.paymentId, provider: row.paymentProvider, status: row.paymentState, amount: total }
      : undefined;
  const optional = {
    description: row.description,
    specifications: row.specifications,
    quantity: row.quantity,
    metadata: row.metadata,
    shippingAddress: row.shippingAddress,
    notes: row.notes,
    trackingNumber: row.trackingNumber,
    carrier: row.carrier,
    payment,
  };
  // The rows keep what the contracts let in, so their text columns hold the contracts' values.
  return {
    id: row.id,
    number: row.number,
    userId: row.userId,
    kind: row.kind,
    status: row.status,
    paymentStatus: row.paymentStatus,
    currency: row.currency,
    subtotal: total,
    total,
    items: row.lines.map(({ productId, title, price, quantity }) => ({
      ...(productId === null ? {} : { productId }),
      title,
      price,
      quantity,
      total: price * quantity,
    })),
    ...Object.fromEntries(
      Object.entries(optional).filter(([, value]) => value !== null && value !== undefined),
    ),
    history: row.history.map(({ from, to, at, by, reason }) => ({
      from,
      to,
      at: new Date(at),
      by,
      ...(reason ? { reason } : {}),
    })),
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  } as Order;
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
 * before anything else is done with them: all of a shop's may be many.
 */
export async function readStats(
  db: Database,
  { from = new Date(0), to = new Date() }: CallInput<typeof GetOrderStats>,
): Promise<CallOutput<typeof GetOrderStats>> {
  const sums = await db.searches.query<Sums>(sql`
    SELECT to_char(day, 'YYYY-MM-DD') AS day, status, sum(orders)::int8 AS orders, sum(kept)::int8 AS kept,
      coalesce(sum(revenue), 0)::float8 AS revenue
    FROM (
      SELECT date_bin('1 day', created_at, 'epoch') AS day, status, count(*) AS orders,
        count(*) FILTER (WHERE ${KEPT}) AS kept, sum(total - refunded) FILTER (WHERE ${KEPT}) AS revenue
      FROM orders."order" WHERE created_at >= ${from} AND created_at < ${to} GROUP BY 1, 2
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
