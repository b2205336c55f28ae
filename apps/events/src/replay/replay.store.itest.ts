import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { StartReplay } from '@order-system/contracts/events.contracts';
import type { Database } from '@order-system/prisma/database';
import { withClient } from '@order-system/prisma/migrate';
import { type Sql, sql } from '@order-system/prisma/sql';
import { asAdmin, type EventsKit, givenCounted, startEvents } from '../testing/events.fixture.js';
import { NONE } from './replay-events.job.js';
import { claimJob, saveProgress } from './replay.store.js';

let kit: EventsKit;
beforeAll(async () => {
  kit = await startEvents('local');
});
afterAll(() => kit.stop());

const start = () =>
  asAdmin(kit)(StartReplay, { consumer: 'orders.tally', from: new Date(0), to: new Date(), dryRun: true });

/** Jobs that the service's own job cannot see, so that whoever claims them here is the only one. */
const withRunning = (ids: string[], work: (db: Database) => Promise<void>) =>
  withClient(kit.options.database.url, async (client) => {
    await client.query('BEGIN');
    await client.query(`UPDATE events.replay_job SET status = 'RUNNING' WHERE id = ANY($1)`, [ids]);
    const run = ({ text, values }: Pick<Sql, 'text' | 'values'>) => client.query(text, values);
    const query = async (statement: Sql) => (await run(statement)).rows;
    const execute = async (statement: Sql) => (await run(statement)).rowCount ?? 0;
    await work({ query, execute } as Partial<Database> as Database);
    await client.query('ROLLBACK');
  });

it('a replay is worked on by one process at a time', async () => {
  const job = await start();
  await withRunning([job.id], async (db) => {
    const claims = [await claimJob(db), await claimJob(db)];
    expect(claims.map((claim) => claim?.id)).toEqual([job.id, undefined]);
  });
});

it('a replay has its turn while a longer one is under way', async () => {
  const jobs = [await start(), await start()].map(({ id }) => id);
  await withRunning(jobs, async (db) => {
    const [first, second] = jobs;
    const job = await claimJob(db);
    await saveProgress(db, job!, NONE);
    expect([job?.id, (await claimJob(db))?.id]).toEqual([first, second]);
  });
});

it('a replay that got over an outage says nothing of it', async () => {
  const { id } = await start();
  await withRunning([id], async (db) => {
    const state = async () =>
      (
        await db.query<{ claimedUntil: Date; error: string | null }>(sql`
          SELECT claimed_until AS "claimedUntil", error FROM events.replay_job WHERE id = ${id}`)
      )[0]!;
    const job = (await claimJob(db))!;
    await saveProgress(db, job, { ...NONE, error: 'orders is not running', restMs: 5000 });
    const { error, claimedUntil } = await state();
    await saveProgress(db, { ...job, claimedUntil }, { ...NONE, status: 'DONE' });
    expect([error, (await state()).error]).toEqual(['orders is not running', null]);
  });
});

it('a replay takes what has happened, also when the clock of the database is ahead of the one here', async () => {
  await givenCounted(kit, 2, 3);
  const now = Date.now();
  const clock = jest.spyOn(Date, 'now').mockReturnValue(now - 60_000);
  const span = { from: new Date(0), to: new Date(now + 60_000) };
  const job = asAdmin(kit)(StartReplay, { consumer: 'orders.tally', ...span, dryRun: true });
  expect(await job.finally(() => clock.mockRestore())).toMatchObject({ total: 6 });
});
