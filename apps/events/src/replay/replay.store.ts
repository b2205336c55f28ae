import type { CallOutput } from '@order-system/contracts/define';
import type { GetReplay } from '@order-system/contracts/events.contracts';
import { type EventMessage, type EventRow, fromRow } from '@order-system/messaging/events';
import type { Database, Tx } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';

export interface KnownConsumer {
  consumer: string;
  types: string[];
  /** It may take an event again that it has applied. */
  replayable: boolean;
}

interface Span {
  consumer: string;
  types: string[];
  from: Date;
  to: Date;
}

export async function countEvents(tx: Tx, { types, from, to }: Span): Promise<number> {
  const counted = await tx.one<{ events: number }>(sql`
    SELECT count(*) AS events FROM events.event
    WHERE type = ANY(${types}) AND occurred_at >= ${from} AND occurred_at < ${to}`);
  return counted?.events ?? 0;
}

/** How many of a span's events the consumer has applied. */
export async function countApplied(tx: Tx, { consumer, types, from, to }: Span): Promise<number> {
  const counted = await tx.one<{ events: number }>(sql`
    SELECT count(*) AS events
    FROM events.event e JOIN events.inbox i ON i.event_id = e.id AND i.consumer = ${consumer}
    WHERE e.type = ANY(${types}) AND e.occurred_at >= ${from} AND e.occurred_at < ${to}`);
  return counted?.events ?? 0;
}

type Job = CallOutput<typeof GetReplay>;
type NewJob = Pick<
  Job,
  'id' | 'consumer' | 'from' | 'to' | 'dryRun' | 'status' | 'total' | 'done' | 'skipped'
> & {
  types: string[];
  createdBy: string;
};

export async function createJob(tx: Tx, job: NewJob): Promise<Job> {
  const { id, consumer, from, to, types, dryRun, status, total, done, skipped, createdBy } = job;
  const created = await tx.one<Job>(sql`
    INSERT INTO events.replay_job (id, consumer, "from", "to", types, dry_run, status, total, done, skipped, created_by,
      finished_at)
    VALUES (${id}, ${consumer}, ${from}, ${to}, ${types}, ${dryRun}, ${status}, ${total}, ${done}, ${skipped},
      ${createdBy}, CASE WHEN ${status} = 'DONE' THEN now() END)
    RETURNING id, consumer, "from", "to", types, dry_run AS "dryRun", status, total, done, applied, skipped, failed,
      error, created_at AS "createdAt", finished_at AS "finishedAt"`);
  return created!;
}

export interface ClaimedJob extends Span {
  id: string;
  position: Date | null;
  positionId: string | null;
  /** Names the claim: whoever lost it may not save. */
  claimedUntil: Date;
}

const LEASE = '60 seconds';

/** The job that nobody has worked on for longest: a short one need not wait for the end of a long one. */
export async function claimJob(db: Database): Promise<ClaimedJob | undefined> {
  const [job] = await db.query<ClaimedJob>(sql`
    UPDATE events.replay_job SET claimed_until = now() + ${LEASE}::interval
    WHERE id = (
      SELECT id FROM events.replay_job
      WHERE status = 'RUNNING' AND (claimed_until IS NULL OR claimed_until <= now())
      ORDER BY claimed_until NULLS FIRST, created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, consumer, "from", "to", types, position, position_id AS "positionId", claimed_until AS "claimedUntil"`);
  return job;
}

/** The next events of a job, an aggregate's in the order of their versions. */
export async function nextEvents(db: Database, job: ClaimedJob, limit: number): Promise<EventMessage[]> {
  const { types, from, to, position, positionId } = job;
  const rows = await db.searches.query<EventRow>(sql`
    SELECT e.* FROM events.event e
    WHERE e.type = ANY(${types}) AND e.occurred_at >= ${position ?? from} AND e.occurred_at < ${to}
      AND (${positionId}::uuid IS NULL OR (e.occurred_at, e.aggregate_version, e.id) > (
        SELECT p.occurred_at, p.aggregate_version, p.id FROM events.event p WHERE p.id = ${positionId}))
    ORDER BY e.occurred_at, e.aggregate_version, e.id LIMIT ${limit}`);
  return rows.map(fromRow);
}

export interface Progress {
  status: Job['status'];
  applied: number;
  skipped: number;
  failed: number;
  error: string | null;
  last: EventMessage | undefined;
  /** Until when nobody should go on. */
  restMs: number;
}

/** Saves what was done and gives the job back, unless the claim was lost and another does the same events. */
export async function saveProgress(db: Database, job: ClaimedJob, progress: Progress): Promise<void> {
  const { status, applied, skipped, failed, error, last, restMs } = progress;
  await db.execute(sql`
    UPDATE events.replay_job SET status = ${status}, applied = applied + ${applied}, skipped = skipped + ${skipped},
      failed = failed + ${failed}, done = done + ${applied + skipped + failed},
      error = CASE WHEN ${status} = 'DONE' AND failed + ${failed} = 0 THEN NULL ELSE coalesce(${error}, error) END,
      total = greatest(total, done + ${applied + skipped + failed}),
      position = coalesce(${last?.occurredAt ?? null}, position), position_id = coalesce(${last?.id ?? null}, position_id),
      claimed_until = now() + ${restMs} * interval '1 millisecond',
      finished_at = CASE WHEN ${status} = 'RUNNING' THEN NULL ELSE now() END
    WHERE id = ${job.id} AND claimed_until = ${job.claimedUntil}`);
}
