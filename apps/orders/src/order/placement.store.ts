import { PlaceOrder } from '@order-system/contracts/orders.contracts';
import type { CallInput } from '@order-system/contracts/define';
import { keyReused, requestHash, stillRunning } from '@order-system/messaging/idempotency';
import type { Database } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';

/** How long a placement that stopped in the middle is left alone before a retry takes it over. */
const LEASE_S = 10;

/** The ids under which an order is placed, the same for every repetition of a request. */
export interface PlacementIds {
  orderId: string;
  paymentId: string;
  /** An earlier try got somewhere, perhaps as far as the order. */
  isRepeated: boolean;
}

export interface Placement extends PlacementIds {
  /** The first answer in its wire form, when there is one. */
  answer: unknown;
  /** Of this try: another one that has taken over has its own. */
  claim: string;
}

interface Row {
  order_id: string;
  payment_id: string;
  request_hash: string;
  answer: unknown;
  claim: string;
}

/**
 * Takes (user, key) for this request, or finds what became of it. Throws IDEMPOTENCY_KEY_REUSED for another request,
 * IDEMPOTENCY_IN_PROGRESS while the first one runs.
 */
export async function claimPlacement(
  db: Database,
  userId: string,
  key: string,
  input: CallInput<typeof PlaceOrder>,
): Promise<Placement> {
  const hash = requestHash(PlaceOrder, input);
  const orderId = newId();
  // The order's own commit makes the claim durable; without an order there is nothing to remember.
  const [claimed] = await db.relaxed.query<Row>(sql`
    INSERT INTO orders.placement AS p (user_id, key, request_hash, order_id, payment_id, claimed_until)
    VALUES (${userId}, ${key}, ${hash}, ${orderId}, ${newId()}, now() + ${LEASE_S} * interval '1 second')
    ON CONFLICT (user_id, key) DO UPDATE SET claimed_until = excluded.claimed_until
      WHERE p.request_hash = excluded.request_hash AND p.answer IS NULL AND p.claimed_until < now()
    RETURNING order_id, payment_id, request_hash, answer, claimed_until::text AS claim`);
  const row = claimed ?? (await findPlacement(db, userId, key));
  // Between the two statements the first request was refused and let go of its key.
  if (!row) throw stillRunning();
  if (row.request_hash !== hash) throw keyReused();
  if (!claimed && row.answer === null) throw stillRunning();
  const { order_id, payment_id: paymentId, answer, claim } = row;
  return { orderId: order_id, paymentId, answer, claim, isRepeated: order_id !== orderId };
}

async function findPlacement(db: Database, userId: string, key: string): Promise<Row | undefined> {
  const [row] = await db.query<Row>(sql`
    SELECT order_id, payment_id, request_hash, answer, claimed_until::text AS claim
    FROM orders.placement WHERE user_id = ${userId} AND key = ${key}`);
  return row;
}

/** An answer that a crash takes back is made again, of the same order. */
export async function keepAnswer(db: Database, orderId: string, answer: unknown): Promise<void> {
  await db.relaxed.execute(sql`
    UPDATE orders.placement SET answer = ${JSON.stringify(answer)}::jsonb WHERE order_id = ${orderId}`);
}

/** A refused request gives its key back: nothing was done under it. */
export async function dropPlacement(db: Database, { orderId, claim }: Placement): Promise<void> {
  await db.execute(sql`
    DELETE FROM orders.placement WHERE order_id = ${orderId} AND claimed_until = ${claim}::timestamptz`);
}

/** An outage in the middle: the next try may go on at once. */
export async function releasePlacement(db: Database, { orderId, claim }: Placement): Promise<void> {
  await db.execute(sql`
    UPDATE orders.placement SET claimed_until = now()
    WHERE order_id = ${orderId} AND claimed_until = ${claim}::timestamptz`);
}
