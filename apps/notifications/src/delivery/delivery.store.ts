import {
  type Channel,
  NotificationCreated,
  NotificationFailed,
  type NotificationKind,
  NotificationSent,
} from '@order-system/contracts/notifications.contracts';
import { type MessageContext, systemContext } from '@order-system/messaging/context';
import { keepDeadLetter } from '@order-system/messaging/dead-letter';
import { type Aggregate, emit, emitEach, fact, toMessage } from '@order-system/messaging/outbox';
import type { Database, Statements, Tx } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';
import { UNLESS_READ } from '../notification/channels.rules.js';
import type { NotificationData } from '../notification/notification.store.js';
import { Undelivered, UNDELIVERED_CONSUMER } from './undelivered.js';

/** Longer than any attempt takes: an attempt that is under way is not made twice. */
const LEASE = '2 minutes';
/** For deliveries that are found by their ids: with the word itself, PostgreSQL may walk its index of all that are due. */
const PENDING = 'PENDING';

/** A delivery in the hands of this process, with its notification. */
export interface Claimed {
  id: string;
  channel: Channel;
  attempts: number;
  createdAt: Date;
  correlationId: string;
  notificationId: string;
  eventId: string;
  userId: string;
  orderId: string | null;
  kind: NotificationKind;
  title: string;
  body: string;
  data: NotificationData;
  isRead: boolean;
}

export interface Wanted {
  channels: readonly Channel[];
  most: number;
  /** What is for those who are away waits until they have been away for so long. */
  awayMs: number;
}

/** Takes deliveries that are due. */
export const claimDeliveries = (db: Statements, { channels, most, awayMs }: Wanted): Promise<Claimed[]> =>
  db.query(sql`
    WITH due AS (
      SELECT d.id FROM notifications.delivery d JOIN notifications.notification n ON n.id = d.notification_id
      WHERE d.status = 'PENDING' AND d.next_at <= now()
        AND d.channel = ANY(${channels})
        AND (n.kind <> ALL(${UNLESS_READ}) OR n.created_at <= now() - ${awayMs} * interval '1 millisecond')
      ORDER BY d.next_at LIMIT ${most} FOR UPDATE OF d SKIP LOCKED
    ), claimed AS (
      UPDATE notifications.delivery d SET attempts = d.attempts + 1, next_at = now() + ${LEASE}::interval
      FROM due WHERE d.id = due.id RETURNING d.*
    )
    SELECT c.id, c.channel, c.attempts, c.created_at AS "createdAt", c.correlation_id AS "correlationId",
      n.id AS "notificationId", n.event_id AS "eventId", n.user_id AS "userId", n.order_id AS "orderId", n.kind, n.title,
      n.body, n.data, n.read_at IS NOT NULL AS "isRead"
    FROM claimed c JOIN notifications.notification n ON n.id = c.notification_id`);

/** Under the correlation of the fact that the person is told of. */
const contextOf = ({ correlationId, eventId }: Claimed): MessageContext => ({
  ...systemContext(correlationId),
  causationId: eventId,
});

export async function markSent(tx: Tx, deliveries: readonly Claimed[]): Promise<void> {
  const ended = await conclude(tx, deliveries, { status: 'SENT', error: null });
  await emitEach(
    tx,
    ended.map(({ delivery, aggregate }) => ({
      ctx: contextOf(delivery),
      fact:
        delivery.channel === 'IN_APP'
          ? fact(NotificationCreated, aggregate, entryOf(delivery))
          : fact(NotificationSent, aggregate, factOf(delivery)),
    })),
  );
}

/** Given up: told as an event, and kept as a dead letter that can be redriven. */
export async function markFailed(tx: Tx, given: Claimed, error: string): Promise<void> {
  for (const { delivery, aggregate } of await conclude(tx, [given], { status: 'FAILED', error })) {
    await emit(tx, contextOf(delivery), [
      fact(NotificationFailed, aggregate, { ...factOf(delivery), error }),
    ]);
    const { id: deliveryId, attempts, createdAt: firstFailedAt } = delivery;
    const message = toMessage(contextOf(delivery), fact(Undelivered, aggregate, { deliveryId }));
    const letter = { consumer: UNDELIVERED_CONSUMER, eventId: message.id, message, error };
    await keepDeadLetter(tx, { ...letter, attempts, firstFailedAt });
  }
}

export const READ_MEANWHILE = 'it was read meanwhile';

/** Not to be sent any more; nobody needs to hear of it. */
export const withdraw = (db: Statements, deliveries: readonly Claimed[], reason: string): Promise<number> =>
  db.execute(sql`
    UPDATE notifications.delivery SET status = 'WITHDRAWN', error = ${reason}
    WHERE id = ANY(${deliveries.map(({ id }) => id)}) AND status = ${PENDING}`);

export const postpone = (
  db: Database,
  id: string,
  { delayMs, error }: { delayMs: number; error: string },
): Promise<number> =>
  db.execute(sql`
    UPDATE notifications.delivery SET next_at = now() + ${delayMs} * interval '1 millisecond', error = ${error}
    WHERE id = ${id} AND status = ${PENDING}`);

/** Nothing was tried: they are due again later, with as many attempts left as before. */
export const putBack = (db: Database, ids: readonly string[], delayMs: number): Promise<number> =>
  db.execute(sql`
    UPDATE notifications.delivery SET attempts = attempts - 1, next_at = now() + ${delayMs} * interval '1 millisecond'
    WHERE id = ANY(${ids}) AND status = ${PENDING}`);

/** A failed delivery starts anew, under the same Message-ID. */
export const sendAgain = (tx: Tx, id: string): Promise<number> =>
  tx.execute(sql`
    UPDATE notifications.delivery SET status = 'PENDING', attempts = 0, next_at = now()
    WHERE id = ${id} AND status = 'FAILED'`);

const factOf = ({ notificationId, userId, kind, channel }: Claimed) => ({
  notificationId,
  userId,
  kind,
  channel,
});

/** In the person's list. */
const entryOf = ({ userId, notificationId: id, createdAt, kind, title, body, orderId }: Claimed) => ({
  userId,
  notification: { id, createdAt, kind, title, body, orderId, read: false },
});

interface Ended {
  delivery: Claimed;
  aggregate: Aggregate;
}

/** Ends deliveries, each under its notification's next version; each once, also when two processes try. */
async function conclude(
  tx: Tx,
  deliveries: readonly Claimed[],
  { status, error }: { status: 'SENT' | 'FAILED'; error: string | null },
): Promise<Ended[]> {
  const rows = await tx.query<{ id: string; version: number }>(sql`
    WITH ended AS (
      UPDATE notifications.delivery SET status = ${status}, error = ${error},
        sent_at = CASE WHEN ${status} = 'SENT' THEN now() END
      WHERE id = ANY(${deliveries.map(({ id }) => id)}) AND status = ${PENDING} RETURNING id, notification_id, channel
    ), told AS (
      UPDATE notifications.notification n SET version = n.version + e.ended, in_app = n.in_app OR e.listed
      FROM (SELECT notification_id, count(*) AS ended, bool_or(channel = 'IN_APP') AS listed
        FROM ended GROUP BY notification_id) e
      WHERE n.id = e.notification_id RETURNING n.id, n.version - e.ended AS version
    )
    SELECT e.id, (told.version + row_number() OVER (PARTITION BY told.id))::int AS version
    FROM ended e JOIN told ON told.id = e.notification_id`);
  return deliveries.flatMap((delivery) => {
    const row = rows.find(({ id }) => id === delivery.id);
    const about = { type: 'notification', id: delivery.notificationId };
    return row ? [{ delivery, aggregate: { ...about, version: row.version } }] : [];
  });
}
