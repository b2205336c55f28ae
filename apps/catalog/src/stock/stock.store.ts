import type { Tx } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import {
  EFFECT,
  type HeldLine,
  type OrderReason,
  type Reservation,
  type ReservationState,
  type Shelf,
  type Step,
  type StockLine,
} from './stock.rules.js';

export interface Hold {
  orderId: string;
  /** One for each product. */
  lines: StockLine[];
  holdMs: number;
  by: string | null;
}

interface HoldOutcome {
  /** False when the order has a reservation already; then nothing was done. */
  isNew: boolean;
  shelves: Shelf[];
}

type ShelfRow = Shelf & { isNew: boolean };

/**
 * Holds what can be held, in one statement: whoever finds a shelf not held must roll back. Locks first the order's
 * row, then the products by id, as everything here does, so that no two orders wait for each other. The list of ids is
 * named at every use of the product table: without it PostgreSQL reads the whole of a table of hundreds of rows.
 */
export async function holdStock(tx: Tx, { orderId, lines, holdMs, by }: Hold): Promise<HoldOutcome> {
  const ids = lines.map((line) => line.productId);
  const quantities = lines.map((line) => line.quantity);
  const shelves = await tx.query<ShelfRow>(sql`
    WITH wanted AS (
      SELECT * FROM unnest(${ids}::uuid[], ${quantities}::int[], ${lines.map(() => newId())}::uuid[])
        AS w(product_id, quantity, movement_id)
    ), claim AS (
      INSERT INTO catalog.reservation (order_id, state, expires_at)
      VALUES (${orderId}::uuid, 'HELD', clock_timestamp() + ${holdMs}::int * interval '1 millisecond')
      ON CONFLICT DO NOTHING RETURNING order_id
    ), shelf AS (
      SELECT p.id, p.sku, p.name, p.price, p.status, p.on_hand, p.reserved, w.quantity, w.movement_id, c.order_id
      FROM wanted w JOIN catalog.product p ON p.id = w.product_id CROSS JOIN claim c
      WHERE p.id = ANY(${ids}::uuid[]) ORDER BY p.id FOR UPDATE OF p
    ), held AS (
      UPDATE catalog.product p SET reserved = p.reserved + s.quantity
      FROM shelf s
      WHERE p.id = ANY(${ids}::uuid[]) AND p.id = s.id AND s.status = 'ACTIVE' AND p.on_hand - p.reserved >= s.quantity
      RETURNING p.id, p.sku, p.name, p.price, p.on_hand, p.reserved, s.quantity, s.movement_id, s.order_id
    ), line AS (
      INSERT INTO catalog.reservation_line (order_id, product_id, sku, title, price, quantity)
      SELECT order_id, id, sku, name, price, quantity FROM held
    ), movement AS (
      INSERT INTO catalog.stock_movement (id, product_id, reason, quantity, on_hand, reserved, order_id, by, created_at)
      SELECT movement_id, id, 'RESERVED', -quantity, on_hand, reserved, order_id, ${by}::uuid, clock_timestamp()
      FROM held
    )
    SELECT w.product_id AS "productId", w.quantity, s.sku, s.name AS title, s.price, s.status,
      s.on_hand - s.reserved AS available, h.id IS NOT NULL AS "isHeld", EXISTS (SELECT FROM claim) AS "isNew"
    FROM wanted w LEFT JOIN shelf s ON s.id = w.product_id LEFT JOIN held h ON h.id = w.product_id`);
  return { isNew: shelves[0]?.isNew ?? false, shelves };
}

/** Holds what the order holds from now for as long as a new hold. Its reservation is locked. */
export async function renewHold(tx: Tx, { orderId, holdMs }: Hold): Promise<void> {
  await tx.execute(sql`
    UPDATE catalog.reservation SET expires_at = clock_timestamp() + ${holdMs}::int * interval '1 millisecond'
    WHERE order_id = ${orderId}`);
}

interface ReservationRow extends HeldLine {
  state: ReservationState;
  expiresAt: Date | null;
}

/**
 * The orders' reservations, and nobody else's to change until the transaction ends. Their ids are named for both tables:
 * a plan that was made while they were small would read all lines there ever were.
 */
export async function lockReservations(tx: Tx, orderIds: string[]): Promise<Map<string, Reservation>> {
  const rows = await tx.query<ReservationRow & { orderId: string }>(sql`
    SELECT r.order_id AS "orderId", r.state, r.expires_at AS "expiresAt", l.product_id AS "productId", l.sku, l.title,
      l.price, l.quantity
    FROM catalog.reservation r JOIN catalog.reservation_line l USING (order_id)
    WHERE r.order_id = ANY(${orderIds}::uuid[]) AND l.order_id = ANY(${orderIds}::uuid[])
    ORDER BY r.order_id, l.product_id FOR UPDATE OF r`);
  const rowsOf = Map.groupBy(rows, ({ orderId }) => orderId);
  return new Map([...rowsOf].map(([orderId, own]) => [orderId, reservationOf(orderId, own)!]));
}

interface Overdue {
  reservation: Reservation;
  /** The order exists although it was not heard of yet: its event is still on the way. */
  isPlaced: boolean;
}

/** The order's reservation if its time is over and nobody else is at it. */
export async function lockOverdue(tx: Tx, orderId: string): Promise<Overdue | undefined> {
  const rows = await tx.query<ReservationRow & { isPlaced: boolean }>(sql`
    SELECT r.state, r.expires_at AS "expiresAt", l.product_id AS "productId", l.sku, l.title, l.price, l.quantity,
      EXISTS (SELECT FROM events.event e WHERE e.aggregate_id = r.order_id AND e.type = 'order.created')
        AND NOT EXISTS (SELECT FROM events.event e WHERE e.aggregate_id = r.order_id AND e.type = 'order.cancelled')
        AS "isPlaced"
    FROM catalog.reservation r JOIN catalog.reservation_line l USING (order_id)
    WHERE r.order_id = ${orderId} AND r.state = 'HELD' AND r.expires_at <= clock_timestamp()
    ORDER BY l.product_id FOR UPDATE OF r SKIP LOCKED`);
  const reservation = reservationOf(orderId, rows);
  return reservation && { reservation, isPlaced: rows[0]!.isPlaced };
}

function reservationOf(orderId: string, rows: ReservationRow[]): Reservation | undefined {
  const [first] = rows;
  if (!first) return undefined;
  const { state, expiresAt } = first;
  const lines = rows.map(({ productId, sku, title, price, quantity }) => ({
    productId,
    sku,
    title,
    price,
    quantity,
  }));
  return { orderId, state, expiresAt, lines };
}

export interface Taken {
  /** It is locked. */
  reservation: Reservation;
  step: Step;
  by: string | null;
}

/** Takes reservations one step on. */
export async function takeSteps(tx: Tx, taken: readonly Taken[]): Promise<void> {
  if (taken.length === 0) return;
  const steps = taken.map(({ reservation: { orderId }, step: { to, isKnown } }) => ({
    order_id: orderId,
    state: to,
    is_known: isKnown,
  }));
  // Sent together: neither waits for the other's answer.
  await Promise.all([
    tx.execute(sql`
      UPDATE catalog.reservation r
      SET state = s.state, expires_at = CASE WHEN s.is_known THEN NULL ELSE r.expires_at END
      FROM jsonb_to_recordset(${JSON.stringify(steps)}::jsonb) AS s(order_id uuid, state text, is_known boolean)
      WHERE r.order_id = ANY(${steps.map((step) => step.order_id)}::uuid[]) AND r.order_id = s.order_id`),
    moveStock(tx, taken.flatMap(movesOf)),
  ]);
}

interface Move {
  id: string;
  order_id: string;
  product_id: string;
  by: string | null;
  reason: OrderReason;
  /** As the ledger shows it, and what becomes of the product's two numbers. */
  quantity: number;
  on_hand: number;
  reserved: number;
}

function movesOf({ reservation: { orderId, lines }, step: { moves }, by }: Taken): Move[] {
  if (moves === undefined) return [];
  const { onHand, reserved, sign } = EFFECT[moves];
  return lines.map(({ productId, quantity }) => ({
    id: newId(),
    order_id: orderId,
    product_id: productId,
    by,
    reason: moves,
    quantity: quantity * sign,
    on_hand: quantity * onHand,
    reserved: quantity * reserved,
  }));
}

/** One change for each product, one line in the ledger for each move, with the numbers as they are after it. */
async function moveStock(tx: Tx, moves: readonly Move[]): Promise<void> {
  if (moves.length === 0) return;
  const ids = [...new Set(moves.map((move) => move.product_id))];
  await tx.execute(sql`
    WITH move AS (
      SELECT m.*, row_number() OVER () AS nr
      FROM jsonb_to_recordset(${JSON.stringify(moves)}::jsonb) AS m(id uuid, order_id uuid, product_id uuid, by uuid,
        reason text, quantity int, on_hand int, reserved int)
    ), shelf AS (
      SELECT id, on_hand, reserved FROM catalog.product WHERE id = ANY(${ids}::uuid[]) ORDER BY id FOR UPDATE
    ), moved AS (
      UPDATE catalog.product p SET on_hand = p.on_hand + t.on_hand, reserved = p.reserved + t.reserved
      FROM (
        SELECT s.id, sum(m.on_hand)::int AS on_hand, sum(m.reserved)::int AS reserved
        FROM shelf s JOIN move m ON m.product_id = s.id GROUP BY s.id
      ) t
      WHERE p.id = ANY(${ids}::uuid[]) AND p.id = t.id
    )
    INSERT INTO catalog.stock_movement (id, product_id, reason, quantity, on_hand, reserved, order_id, by, created_at)
    SELECT m.id, s.id, m.reason, m.quantity, s.on_hand + sum(m.on_hand) OVER so_far,
      s.reserved + sum(m.reserved) OVER so_far, m.order_id, m.by, clock_timestamp()
    FROM move m JOIN shelf s ON s.id = m.product_id WINDOW so_far AS (PARTITION BY s.id ORDER BY m.nr) ORDER BY m.nr`);
}

/** What can be bought of each product now, and nobody else's to change until the transaction ends. */
export const lockShelves = (tx: Tx, ids: string[]): Promise<{ productId: string; available: number }[]> =>
  tx.query(sql`
    SELECT id AS "productId", on_hand - reserved AS available FROM catalog.product
    WHERE id = ANY(${ids}::uuid[]) ORDER BY id FOR UPDATE`);

/** Forgets a reservation that holds nothing. */
export async function forgetReservation(tx: Tx, orderId: string): Promise<void> {
  await tx.execute(sql`DELETE FROM catalog.reservation_line WHERE order_id = ${orderId}`);
  await tx.execute(sql`DELETE FROM catalog.reservation WHERE order_id = ${orderId}`);
}

interface Numbered {
  id: string;
  sku: string;
  onHand: number;
  reserved: number;
  version: number;
}

/** Gives each product room for one event. */
export const nextVersions = (tx: Tx, ids: string[]): Promise<Numbered[]> =>
  tx.query(sql`
    UPDATE catalog.product SET version = version + 1 WHERE id = ANY(${ids}::uuid[])
    RETURNING id, sku, on_hand AS "onHand", reserved, version`);

/** By now(), which an index can be asked for: all that are held would have to be compared with clock_timestamp(). */
export const overdueOrders = (limit: number) => sql`
  SELECT order_id AS "orderId" FROM catalog.reservation
  WHERE state = 'HELD' AND expires_at <= now() ORDER BY expires_at LIMIT ${limit}`;
