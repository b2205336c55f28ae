import { logger } from '@order-system/observability/logger';
import type { Database } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';
import type { Consumer } from './consumer.js';
import { type EventRow, fromRow } from './events.js';
import { errorText } from './retry.js';
import type { Subscriber } from './subscriber.js';

const log = logger('catch-up');
const BATCH = 200;
/** No transaction lives this long, so an event older than this that cannot be seen does not exist. */
export const SETTLED_MS = 30_000;
/** A log that is younger than this is that of a system whose services are just coming up. */
const FIRST_START = '5 minutes';

/** Of an event in the order in which they are looked at. */
type Place = Pick<EventRow, 'occurred_at' | 'aggregate_version' | 'id'>;
const BEGINNING: Place = {
  occurred_at: new Date(0),
  aggregate_version: 0,
  id: '00000000-0000-0000-0000-000000000000',
};

/**
 * Looks in the event table for what a consumer should have applied and has not: after a purged queue, a restored
 * broker, a crash of the process that held the messages. Leaves alone what waits in an outbox or on the ladder.
 */
export class CatchUp {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private stopping = false;

  constructor(
    private readonly db: Database,
    private readonly consumer: Consumer,
    private readonly subscriber: Subscriber,
    private readonly everyMs: number,
  ) {}

  /** `graceMs`: how old an event must be; 0 when nothing can be in flight, as after the start of a lone process. */
  async start(graceMs: number): Promise<void> {
    const isNew = await this.register();
    this.begin(isNew ? 0 : graceMs);
  }

  /**
   * A new consumer begins now, except in a system that is being started for the first time: there it is also told what
   * the services that were faster have said already. True when it is new.
   */
  private async register(): Promise<boolean> {
    const { name, types, replayable } = this.consumer;
    const [cursor] = await this.db.query<{ isNew: boolean }>(sql`
      WITH begin AS (
        SELECT CASE WHEN min(occurred_at) > now() - ${FIRST_START}::interval THEN min(occurred_at) ELSE now() END AS at
        FROM events.event
      )
      INSERT INTO events.consumer_cursor (consumer, position, since, types, replayable)
      SELECT ${name}, at, at, ${types}::text[], ${replayable}::boolean FROM begin
      ON CONFLICT (consumer) DO UPDATE SET types = excluded.types, replayable = excluded.replayable
      RETURNING xmax = 0 AS "isNew"`);
    return cursor?.isNew === true;
  }

  /** Ends a pass after its batch: what it has not found yet is found after the next start. */
  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private begin(graceMs: number): void {
    this.running = this.pass(graceMs).then(() => this.schedule());
  }

  private schedule(): void {
    if (this.stopping) return;
    this.timer = setTimeout(() => this.begin(SETTLED_MS), this.everyMs).unref();
  }

  /** Looks at each event once: one that has to wait for another must not keep it from those behind. */
  private async pass(graceMs: number): Promise<void> {
    try {
      for (let last = BEGINNING; ;) {
        const missed = await this.missed(graceMs, last);
        await this.applyAll(missed);
        if (missed.length < BATCH) return await this.advance();
        if (this.stopping) return;
        last = missed.at(-1)!;
      }
    } catch (error) {
      log.warn({ consumer: this.consumer.name, err: errorText(error) }, 'catching up has to wait');
    }
  }

  private async applyAll(missed: readonly EventRow[]): Promise<void> {
    const applied = missed.map((row) => {
      log.info(
        { consumer: this.consumer.name, event: row.id, type: row.type },
        'applying an event that was missed',
      );
      const raw = JSON.parse(JSON.stringify(fromRow(row))) as unknown;
      // The ladder's delays do not matter here: the next pass comes by itself once the retry is overdue.
      return this.subscriber.receive({ raw, text: '', early: 0, eventId: row.id });
    });
    // All of them have ended before this pass ends, for the database may be closed then.
    const failed = (await Promise.allSettled(applied)).find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }

  /** By the database's clock, as the events' times are: one that ran ahead would move the position past them. */
  private missed(
    graceMs: number,
    { occurred_at: from, aggregate_version: version, id }: Place,
  ): Promise<EventRow[]> {
    const { name, types } = this.consumer;
    return this.db.query<EventRow>(sql`
      SELECT e.* FROM events.event e
      WHERE e.type = ANY(${types}) AND e.occurred_at <= now() - ${graceMs} * interval '1 millisecond'
        AND e.occurred_at >= greatest(${from}, (SELECT position FROM events.consumer_cursor c WHERE c.consumer = ${name}))
        AND (e.occurred_at, e.aggregate_version, e.id) > (${from}, ${version}::int, ${id}::uuid)
        AND NOT EXISTS (SELECT FROM events.inbox i WHERE i.event_id = e.id AND i.consumer = ${name})
        AND NOT EXISTS (SELECT FROM events.outbox o WHERE o.event_id = e.id)
        AND NOT EXISTS (SELECT FROM events.dead_letter d WHERE d.event_id = e.id AND d.consumer = ${name})
        AND NOT EXISTS (SELECT FROM events.retry r WHERE r.event_id = e.id AND r.consumer = ${name}
          AND r.next_attempt_at > now() - interval '30 seconds')
      ORDER BY e.occurred_at, e.aggregate_version, e.id LIMIT ${BATCH}`);
  }

  /**
   * Only as far as everything is settled: past that point events may still wait on the ladder or in an outbox. The first
   * by LIMIT, not by min(): that would hash the whole inbox.
   */
  private async advance(): Promise<void> {
    const { name, types } = this.consumer;
    const safe = sql`now() - ${SETTLED_MS} * interval '1 millisecond'`;
    await this.db.execute(sql`
      UPDATE events.consumer_cursor SET position = greatest(position, coalesce((
        SELECT e.occurred_at FROM events.event e
        WHERE e.type = ANY(${types}) AND e.occurred_at >= position AND e.occurred_at <= ${safe}
          AND NOT EXISTS (SELECT FROM events.inbox i WHERE i.event_id = e.id AND i.consumer = ${name})
          AND NOT EXISTS (SELECT FROM events.dead_letter d WHERE d.event_id = e.id AND d.consumer = ${name})
        ORDER BY e.occurred_at LIMIT 1
      ), ${safe}))
      WHERE consumer = ${name}`);
  }
}
