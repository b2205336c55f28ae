import { setTimeout as pause } from 'node:timers/promises';
import type { Stage } from './stage.ts';

const WITHIN_MS = 120_000;
const EVERY_MS = 1_500;
/** All else is done, and still a process has a mail in its hands, or an order what was in a basket: one that is dead. */
const LEASE_ENDS_AFTER_MS = 15_000;

/** What is still on its way; orders first, since most of the rest comes from them. */
const UNDER_WAY = `
  SELECT (SELECT count(*) FROM orders."order" WHERE status NOT IN ('COMPLETED', 'CANCELLED')) AS orders,
    (SELECT count(*) FROM events.outbox) AS events,
    (SELECT count(*) FROM events.consumer_cursor c JOIN events.event e ON e.type = ANY(c.types) AND e.occurred_at >= c.since
      WHERE e.occurred_at > now() - interval '15 minutes'
        AND NOT EXISTS (SELECT FROM events.inbox i WHERE i.consumer = c.consumer AND i.event_id = e.id)
        AND NOT EXISTS (SELECT FROM events.dead_letter d WHERE d.consumer = c.consumer AND d.event_id = e.id)) AS applications,
    (SELECT count(*) FROM payments.sandbox_webhook WHERE delivered_at IS NULL) AS webhooks,
    (SELECT count(*) FROM payments.webhook_event WHERE applied_at IS NULL) AS notices,
    (SELECT count(*) FROM payments.payment p
      WHERE status IN ('REQUESTED', 'PENDING') OR (status = 'CANCELLED' AND check_at IS NOT NULL AND EXISTS
        (SELECT FROM payments.sandbox_session s WHERE s.payment_id = p.id AND s.status = 'OPEN'))) AS payments,
    (SELECT count(*) FROM payments.refund WHERE status = 'REQUESTED') AS refunds,
    (SELECT count(*) FROM catalog.reservation WHERE state = 'HELD') AS holds,
    (SELECT count(*) FROM notifications.delivery WHERE status = 'PENDING') AS mails,
    (SELECT count(*) FROM basket.checkout) AS checkouts`;

/** Leases on both last two minutes; nobody has to wait for that. */
const LEASED = ['mails', 'checkouts'];
const END_LEASES = `UPDATE notifications.delivery SET next_at = now() WHERE status = 'PENDING';
  UPDATE basket.checkout SET taken_at = now() - interval '2 minutes'`;

type UnderWay = Record<string, string>;

/** Waits until nothing is under way any more; false when that takes too long. */
export async function drain({ db }: Stage): Promise<boolean> {
  const until = Date.now() + WITHIN_MS;
  let onlyLeasedSince: number | undefined;
  for (;;) {
    const left = await db.query<UnderWay>(UNDER_WAY).then(
      ({ rows }) => Object.entries(rows[0] ?? {}).filter(([, count]) => Number(count) > 0),
      () => [['answer', 'no']],
    );
    if (left.length === 0) return true;
    if (Date.now() > until) {
      console.log(`    still under way: ${left.map(([what, count]) => `${count} ${what}`).join(', ')}`);
      return false;
    }
    const onlyLeased = left.every(([what = '']) => LEASED.includes(what));
    onlyLeasedSince = onlyLeased ? (onlyLeasedSince ?? Date.now()) : undefined;
    if (onlyLeasedSince !== undefined && Date.now() - onlyLeasedSince > LEASE_ENDS_AFTER_MS) {
      await db.query(END_LEASES);
      onlyLeasedSince = undefined;
    }
    await pause(EVERY_MS);
  }
}
