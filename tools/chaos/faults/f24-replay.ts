import { setTimeout as pause } from 'node:timers/promises';
import { allSubscriptions } from '@order-system/testing/subscriptions';
import type { Shopper } from '@order-system/testing/shopper';
import type { Fault, Rig } from '../fault.ts';
import { type Erased, eraseSomebody, tracesOf } from './erased.ts';

/** Not all that the faults before have left, and less of it the second time: a replay does some hundreds of events a second. */
const BEFORE_MS = { underLoad: 5 * 60_000, atRest: 60_000 };
const PATIENCE_MS = 600_000;
const ASK_EVERY_MS = 500;

interface Job {
  readonly id: string;
  readonly consumer: string;
  readonly status: string;
  readonly applied: number;
  readonly failed: number;
  readonly error: string | null;
}

let begun = 0;
let erased: Erased | undefined;

export const f24: Fault = {
  id: 'F24',
  title: 'what happened is replayed while people buy, also of somebody who was erased',
  allowed: {
    O9: {
      atMost: 1,
      only: /^events grew by/,
      because:
        'a service that had little to do loads what it reads with; three times as long makes it no bigger',
    },
  },
  async inject(rig) {
    const until = Date.now() + rig.seconds * 1000;
    begun = Date.now();
    const staff = await rig.staff();
    erased = await eraseSomebody(rig);
    do {
      const began = performance.now();
      const jobs = await replayAll(staff, BEFORE_MS.underLoad);
      const applied = jobs.reduce((sum, job) => sum + job.applied, 0);
      const took = (performance.now() - began) / 1_000;
      rig.log(`${applied} events were applied again under load, ${Math.round(applied / took)} in a second`);
    } while (Date.now() < until);
  },
  /** Now that nothing else happens: no row differs, no event and no mail is new. */
  async check(rig) {
    const staff = await rig.staff();
    const before = await everything(rig);
    const mails = rig.mails().length;
    const failed = (await replayAll(staff, BEFORE_MS.atRest)).filter(
      (job) => job.failed > 0 || job.status !== 'DONE',
    );
    // A mail that is to go out goes within a second or two.
    await pause(3000);
    const after = await everything(rig);
    const changed = [...after].filter(([table, rows]) => before.get(table) !== rows).map(([table]) => table);
    return [
      ...failed.map(({ consumer, status, error }) => `the replay to ${consumer} is ${status}: ${error}`),
      ...changed.map((table) => `a replay has changed ${table}`),
      ...(erased ? await tracesOf(rig, erased) : []),
      ...(rig.mails().length === mails ? [] : [`a replay has sent ${rig.mails().length - mails} mails`]),
    ];
  },
};

/** Gives every consumer all events of this fault and of so long before; resolves when all is done. */
async function replayAll(staff: Shopper, beforeMs: number): Promise<Job[]> {
  const span = { from: new Date(begun - beforeMs), to: new Date() };
  const jobs = (await allSubscriptions()).map(async ({ name: consumer }) => {
    const answer = await staff.insist('POST /api/events/replay', { body: { consumer, ...span } });
    const { id } = (answer as { data: Job }).data;
    for (const until = Date.now() + PATIENCE_MS; ; await pause(ASK_EVERY_MS)) {
      const { data: job } = (await staff.insist(`GET /api/events/replay/${id}`)) as { data: Job };
      if (job.status !== 'RUNNING') return job;
      if (Date.now() > until) throw new Error(`the replay to ${consumer} is not done`);
    }
  });
  return Promise.all(jobs);
}

/** When a payment that may still arrive is asked for again: that goes on at rest. */
const OWN_TIMER = 'check_at';

/** Of every table of every service: all its rows, as one checksum. */
async function everything({ db }: Rig): Promise<Map<string, string>> {
  const { rows } = await db.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname IN ('catalog', 'basket', 'orders', 'payments', 'chat', 'notifications') ORDER BY 1`,
  );
  const found = new Map<string, string>();
  for (const { name } of rows) {
    const sum = await db.query<{ sum: string }>(
      `SELECT md5(coalesce(string_agg(row, ' ' ORDER BY row), '')) AS sum
       FROM (SELECT (to_jsonb(t) - '${OWN_TIMER}')::text AS row FROM ${name} t) AS rows`,
    );
    found.set(name, sum.rows[0]!.sum);
  }
  const events = await db.query<{ sum: string }>('SELECT count(*)::text AS sum FROM events.event');
  return found.set('events.event', events.rows[0]!.sum);
}
