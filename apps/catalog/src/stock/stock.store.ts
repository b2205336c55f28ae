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

export interface HoldOutcome {
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

interface ReservationRow extends HeldLine {
  state: ReservationState;
  expiresAt: Date | null;
}

/** The order's reservation, and nobody else's to change until the transaction ends. */
export async function lockReservation(tx: Tx, orderId: string): Promise<Reservation | undefined> {
  return reservationOf(
    orderId,
    await tx.query<ReservationRow>(sql`
      SELECT r.state, r.expires_at AS "expiresAt", l.product_id AS "productId", l.sku, l.title, l.price, l.quantity
      FROM catalog.reservation r JOIN catalog.reservation_line l USING (order_id)
      WHERE r.order_id = ${orderId} ORDER BY l.product_id FOR UPDATE OF r`),
  );
}

export interface Overdue {
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

/** Takes a locked reservation one step on. */
export async function takeStep(
  tx: Tx,
  { orderId, lines }: Reservation,
  { to, moves, isKnown }: Step,
  by: string | null,
): Promise<void> {
  // Sent together: neither waits for the other's answer.
  await Promise.all([
    tx.execute(sql`
      UPDATE catalog.reservation SET state = ${to}, expires_at = CASE WHEN ${isKnown} THEN NULL ELSE expires_at END
      WHERE order_id = ${orderId}`),
    moves && moveStock(tx, { orderId, lines, reason: moves, by }),
  ]);
}

interface Move {
  orderId: string;
  lines: StockLine[];
  reason: OrderReason;
  by: string | null;
}

async function moveStock(tx: Tx, { orderId, lines, reason, by }: Move): Promise<void> {
  const { onHand, reserved, sign } = EFFECT[reason];
  const ids = lines.map((line) => line.productId);
  await tx.execute(sql`
    WITH move AS (
      SELECT * FROM unnest(${ids}::uuid[], ${lines.map((line) => line.quantity)}::int[],
        ${lines.map(() => newId())}::uuid[]) AS m(product_id, quantity, movement_id)
    ), shelf AS (
      SELECT p.id, m.quantity, m.movement_id FROM move m JOIN catalog.product p ON p.id = m.product_id
      WHERE p.id = ANY(${ids}::uuid[]) ORDER BY p.id FOR UPDATE OF p
    ), moved AS (
      UPDATE catalog.product p
      SET on_hand = p.on_hand + s.quantity * ${onHand}::int, reserved = p.reserved + s.quantity * ${reserved}::int
      FROM shelf s WHERE p.id = ANY(${ids}::uuid[]) AND p.id = s.id
      RETURNING p.id, p.on_hand, p.reserved, s.quantity, s.movement_id
    )
    INSERT INTO catalog.stock_movement (id, product_id, reason, quantity, on_hand, reserved, order_id, by, created_at)
    SELECT movement_id, id, ${reason}, quantity * ${sign}::int, on_hand, reserved, ${orderId}::uuid, ${by}::uuid,
      clock_timestamp()
    FROM moved`);
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

export interface Numbered {
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

export const overdueOrders = (limit: number) => sql`
  SELECT order_id AS "orderId" FROM catalog.reservation
  WHERE state = 'HELD' AND expires_at <= clock_timestamp() ORDER BY expires_at LIMIT ${limit}`;
