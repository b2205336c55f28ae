import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '@order-system/messaging/testing/eventually';
import { allSubscriptions } from '@order-system/testing/subscriptions';
import type { Shopper } from '@order-system/testing/shopper';
import type { Fault, Rig } from '../fault.ts';

/** Some two hundred events a second are replayed: not all that the faults before have left. */
const BEFORE_MS = 60_000;
const PATIENCE_MS = 120_000;

interface Job {
  readonly id: string;
  readonly consumer: string;
  readonly status: string;
  readonly applied: number;
  readonly failed: number;
  readonly error: string | null;
}

let from = new Date();

export const f24: Fault = {
  id: 'F24',
  title: 'what happened is replayed while people buy',
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
    from = new Date(Date.now() - BEFORE_MS);
    const staff = await rig.staff();
    do {
      const jobs = await replayAll(staff);
      rig.log(`${jobs.reduce((sum, { applied }) => sum + applied, 0)} events were applied again under load`);
    } while (Date.now() < until);
  },
  /** Now that nothing else happens: no row differs, no event and no mail is new. */
  async check(rig) {
    const staff = await rig.staff();
    const before = await everything(rig);
    const mails = rig.mails().length;
    const failed = (await replayAll(staff)).filter((job) => job.failed > 0 || job.status !== 'DONE');
    // A mail that is to go out goes within a second or two.
    await pause(3000);
    const after = await everything(rig);
    const changed = [...after].filter(([table, rows]) => before.get(table) !== rows).map(([table]) => table);
    return [
      ...failed.map(({ consumer, status, error }) => `the replay to ${consumer} is ${status}: ${error}`),
      ...changed.map((table) => `a replay has changed ${table}`),
      ...(rig.mails().length === mails ? [] : [`a replay has sent ${rig.mails().length - mails} mails`]),
    ];
  },
};

/** Gives every consumer all events of this fault and of the minute before; resolves when all is done. */
async function replayAll(staff: Shopper): Promise<Job[]> {
  const span = { from, to: new Date() };
  const jobs = (await allSubscriptions()).map(async ({ name: consumer }) => {
    const { body } = await staff.ask('POST /api/events/replay', { body: { consumer, ...span } });
    const { id } = (body as { data: Job }).data;
    return eventually(async () => {
      const { data: job } = (await staff.ask(`GET /api/events/replay/${id}`)).body as { data: Job };
      if (job.status === 'RUNNING') throw new Error(`the replay to ${consumer} is not done`);
      await pause(100);
      return job;
    }, PATIENCE_MS);
  });
  return Promise.all(jobs);
}

/** Of every table of every service: all its rows, as one checksum. */
async function everything({ db }: Rig): Promise<Map<string, string>> {
  const { rows } = await db.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname IN ('catalog', 'basket', 'orders', 'payments', 'chat', 'notifications') ORDER BY 1`,
  );
  const found = new Map<string, string>();
  for (const { name } of rows) {
    const sum = await db.query<{ sum: string }>(
      `SELECT md5(coalesce(string_agg(t::text, ' ' ORDER BY t::text), '')) AS sum FROM ${name} t`,
    );
    found.set(name, sum.rows[0]!.sum);
  }
  const events = await db.query<{ sum: string }>('SELECT count(*)::text AS sum FROM events.event');
  return found.set('events.event', events.rows[0]!.sum);
}
