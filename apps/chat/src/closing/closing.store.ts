import type { CloseRoom } from '@order-system/contracts/chat.contracts';
import type { CallInput } from '@order-system/contracts/define';
import { DomainError } from '@order-system/contracts/errors';
import type { Database, Tx } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { ROOM_COLUMNS, type RoomRow } from '../room/room.read.js';

/** For how long a closing belongs to whoever works on it: longer than any call takes. */
const LEASE_S = 15;

/** A closing under way. `quote` in minor units. */
export interface Closing {
  id: string;
  orderId: string;
  summary: string;
  quote: number | null;
  orderUpdatedAt: Date | null;
  by: string;
  correlationId: string;
}

/** What the one who closes has asked for. */
export const askedFor = ({
  orderId,
  summary,
  quote,
  orderUpdatedAt,
}: Closing): CallInput<typeof CloseRoom> => ({
  orderId,
  summary,
  ...(quote === null ? {} : { quote }),
  ...(orderUpdatedAt === null ? {} : { orderUpdatedAt }),
});

export const roomClosed = (detail = 'The room is closed; nothing more can be written.'): DomainError =>
  new DomainError('ROOM_CLOSED', detail);

const COLUMNS = sql`id, order_id AS "orderId", summary, quote, order_updated_at AS "orderUpdatedAt", by,
  correlation_id AS "correlationId"`;

type Wanted = CallInput<typeof CloseRoom> & { by: string; correlationId: string };

/** Nobody writes from here on. Undefined when the room is closed, being closed, or not there. */
export const insertClosing = (tx: Tx, wanted: Wanted): Promise<Closing | undefined> =>
  tx.one<Closing>(sql`
    WITH room AS (
      UPDATE chat.room SET closed_by = ${wanted.by}
      WHERE order_id = ${wanted.orderId} AND closed_by IS NULL AND closed_at IS NULL RETURNING order_id
    )
    INSERT INTO chat.closing (id, order_id, summary, quote, order_updated_at, by, correlation_id, claimed_until)
    SELECT ${newId()}::uuid, order_id, ${wanted.summary}::text, ${wanted.quote ?? null}::bigint,
      ${wanted.orderUpdatedAt ?? null}::timestamptz, ${wanted.by}::uuid, ${wanted.correlationId}::text,
      now() + ${LEASE_S} * interval '1 second' FROM room
    RETURNING ${COLUMNS}`);

/** The same closing that somebody has stopped working on. */
export const takeOverClosing = (tx: Tx, wanted: Wanted): Promise<Closing | undefined> =>
  tx.one<Closing>(sql`
    UPDATE chat.closing SET claimed_until = now() + ${LEASE_S} * interval '1 second'
    WHERE order_id = ${wanted.orderId} AND by = ${wanted.by} AND summary = ${wanted.summary}
      AND quote IS NOT DISTINCT FROM ${wanted.quote ?? null}::bigint
      AND order_updated_at IS NOT DISTINCT FROM ${wanted.orderUpdatedAt ?? null}::timestamptz AND claimed_until <= now()
    RETURNING ${COLUMNS}`);

/** Takes one closing that nobody works on, the oldest first. */
export async function claimClosing(db: Database): Promise<Closing | undefined> {
  const [closing] = await db.query<Closing>(sql`
    UPDATE chat.closing SET claimed_until = now() + ${LEASE_S} * interval '1 second'
    WHERE id = (SELECT id FROM chat.closing WHERE claimed_until <= now()
      ORDER BY claimed_until LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING ${COLUMNS}`);
  return closing;
}

/** An outage in the middle: the next try may go on at once. */
export const releaseClosing = (db: Database, { id }: Closing): Promise<number> =>
  db.execute(sql`UPDATE chat.closing SET claimed_until = now() WHERE id = ${id}`);

type ClosedRoom = RoomRow & { version: number };

/** Ends the closing with a closed room. Undefined when another process has ended it before. */
export const saveClosed = (tx: Tx, { id, by }: Closing): Promise<ClosedRoom | undefined> =>
  tx.one<ClosedRoom>(sql`
    WITH ended AS (
      DELETE FROM chat.closing WHERE id = ${id} RETURNING order_id, summary
    ), room AS (
      UPDATE chat.room r SET closed_at = clock_timestamp(), summary = e.summary, version = version + 1
      FROM ended e WHERE r.order_id = e.order_id RETURNING r.*
    )
    SELECT ${ROOM_COLUMNS}, r.version
    FROM room r LEFT JOIN chat.read_mark m ON m.order_id = r.order_id AND m.user_id = ${by}`);

/** Ends the closing with the room as it was before: open. */
export const dropClosing = (tx: Tx, { id }: Closing): Promise<number> =>
  tx.execute(sql`
    WITH ended AS (DELETE FROM chat.closing WHERE id = ${id} RETURNING order_id)
    UPDATE chat.room r SET closed_by = NULL FROM ended e WHERE r.order_id = e.order_id`);
