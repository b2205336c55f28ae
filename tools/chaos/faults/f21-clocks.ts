import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { APPS } from '../../start/plan.ts';
import type { Fault, Rig } from '../fault.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const CLOCK = pathToFileURL(`${import.meta.dirname}/../clock.mjs`).href;

interface Round {
  offsetOf: (index: number) => number;
  /** How long after the start of a service its clock is set. */
  afterMs: number;
}

/** Neighbours are twenty minutes apart; then others are a month ahead of the rest; then clocks are set under way. */
const ROUNDS: readonly Round[] = [
  { offsetOf: (index) => (index % 2 === 0 ? 10 : -10) * MINUTE_MS, afterMs: 0 },
  { offsetOf: (index) => (index > 1 && index % 2 === 0 ? 31 * DAY_MS : 0), afterMs: 0 },
  { offsetOf: (index) => (index > 1 && index % 2 === 1 ? 31 * DAY_MS : 0), afterMs: 0 },
  { offsetOf: (index) => (index % 2 === 0 ? -60 : 60) * MINUTE_MS, afterMs: 5000 },
];

/** Orders of earlier faults had other things happen to them. */
let lastBefore = 0;

export const f21: Fault = {
  id: 'F21',
  title: 'clocks ten minutes and a month apart, and set by an hour while services run',
  async inject({ db, restart, seconds, log }) {
    const { rows } = await db.query<{ number: number }>('SELECT max(number) AS number FROM orders."order"');
    lastBefore = rows[0]?.number ?? 0;
    for (const [number, { offsetOf, afterMs }] of ROUNDS.entries()) {
      for (const [index, service] of APPS.entries())
        await restart(service, {
          NODE_OPTIONS: `--import=${CLOCK}`,
          CLOCK_OFFSET_MS: String(offsetOf(index)),
          CLOCK_AFTER_MS: String(afterMs),
        });
      log(
        `round ${number + 1}: ${APPS.map((name, index) => `${name} ${offsetOf(index) / MINUTE_MS} min`).join(', ')}`,
      );
      await pause((seconds * 1000) / ROUNDS.length);
    }
    for (const service of APPS) await restart(service, {});
  },
  check: hurriedOrders,
};

/** Orders that were given up before their time to pay was over. One that never ends is found by an oracle. */
async function hurriedOrders({ db, platform }: Rig): Promise<string[]> {
  const seconds = Number.parseInt(platform.env['ORDER_PAYMENT_WINDOW'] ?? '', 10);
  const { rows } = await db.query<{ id: string; after: number }>(
    `SELECT o.id, extract(epoch FROM h.at - o.created_at)::int AS after
     FROM orders."order" o JOIN orders.order_history h ON h.order_id = o.id
     WHERE o.number > $2 AND h.reason = 'not paid in time'
       AND h.at < o.created_at + ($1 - 1) * interval '1 second'`,
    [seconds, lastBefore],
  );
  return rows.map(({ id, after }) => `order ${id} was given up after ${after} s, not ${seconds}`);
}
