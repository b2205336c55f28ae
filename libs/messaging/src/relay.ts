import { setTimeout as sleep } from 'node:timers/promises';
import { logger } from '@order-system/observability/logger';
import type { Database } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';
import type { EventBroker } from './broker.js';
import { crashPoint } from './crash-point.js';
import { type EventMessage, type EventRow, fromRow } from './events.js';
import { onEmit } from './outbox.js';
import { errorText } from './retry.js';

const log = logger('relay');
const BATCH = 100;
/** Of one aggregate at a time: a busy one moves fast, and leaves room for the others. */
const RUN = 10;
const IDLE_MS = 500;
/** Between two looks when there is much to do: events that are written meanwhile travel together. */
const GATHER_MS = 8;
const LEASE = '30 seconds';

/**
 * Publishes a service's outbox. Any number may run: who claims the first waiting event of an aggregate gets the ones
 * that follow it too, so events of one aggregate are published in order. Woken after each commit; polling is what
 * remains when a wake is lost.
 */
export class Relay {
  private wakeUp: (() => void) | undefined;
  private woken = false;
  private stopping = false;
  /** Published, and still to be removed from the outbox. */
  private confirmed: string[] = [];
  private loop: Promise<void> | undefined;

  constructor(
    private readonly db: Database,
    private readonly broker: EventBroker,
    private readonly service: string,
  ) {}

  start(): void {
    onEmit(this.service, () => this.wake());
    this.loop = this.run();
  }

  /** For a lone process at its start: whoever claimed these is dead, so nobody needs to wait for the leases to end. */
  async reclaim(): Promise<void> {
    await this.db.execute(sql`
      UPDATE events.outbox SET claimed_until = NULL WHERE source = ${this.service} AND claimed_until IS NOT NULL`);
  }

  wake(): void {
    this.woken = true;
    this.wakeUp?.();
  }

  /** Publishes what is there, then ends. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.wake();
    await this.loop;
  }

  private async run(): Promise<void> {
    for (;;) {
      this.woken = false;
      const moved = await this.publishBatch();
      if (!moved && this.stopping) return;
      if (!moved && !this.woken) await this.rest();
      else await sleep(GATHER_MS);
    }
  }

  /** False when there was nothing to publish, or no way to. */
  private async publishBatch(): Promise<boolean> {
    if (!this.broker.ready) return false;
    try {
      const messages = await this.claim();
      if (messages.length === 0) return false;
      crashPoint('relay.claimed');
      const confirmed = await this.broker.publish(this.service, messages);
      crashPoint('relay.confirmed_before_mark');
      this.confirmed.push(...confirmed);
      if (confirmed.length < messages.length) await this.putBack(messages);
      return confirmed.length > 0;
    } catch (error) {
      log.warn({ service: this.service, err: errorText(error) }, 'the outbox has to wait');
      return false;
    }
  }

  /**
   * Removes what was confirmed and claims what comes next, in one statement. A claim or a removal that a crash takes
   * back means a second delivery, which the inbox absorbs.
   */
  private async claim(): Promise<EventMessage[]> {
    const done = [...this.confirmed];
    const rows = await this.db.relaxed.query<EventRow>(sql`
      WITH done AS (
        DELETE FROM events.outbox WHERE event_id = ANY(${done})
      ), head AS (
        SELECT o.aggregate_id, o.aggregate_version FROM events.outbox o
        WHERE o.source = ${this.service} AND o.available_at <= now() AND o.event_id <> ALL(${done})
          AND (o.claimed_until IS NULL OR o.claimed_until < now())
          AND NOT EXISTS (SELECT FROM events.outbox e WHERE e.aggregate_id = o.aggregate_id
            AND e.aggregate_version < o.aggregate_version AND e.event_id <> ALL(${done}))
        ORDER BY o.seq LIMIT ${BATCH} FOR UPDATE OF o SKIP LOCKED
      ), claimed AS (
        UPDATE events.outbox o SET claimed_until = now() + ${LEASE}::interval FROM head CROSS JOIN LATERAL (
          SELECT f.event_id FROM events.outbox f
          WHERE f.aggregate_id = head.aggregate_id AND f.aggregate_version >= head.aggregate_version
            AND f.event_id <> ALL(${done})
          ORDER BY f.aggregate_version LIMIT ${RUN}
        ) run
        WHERE o.event_id = run.event_id RETURNING o.event_id, o.seq
      )
      SELECT e.* FROM claimed c JOIN events.event e ON e.id = c.event_id ORDER BY c.seq`);
    this.confirmed = this.confirmed.filter((id) => !done.includes(id));
    return rows.map(fromRow);
  }

  private async putBack(messages: EventMessage[]): Promise<void> {
    const failed = messages.map(({ id }) => id).filter((id) => !this.confirmed.includes(id));
    log.warn(
      { service: this.service, events: failed.length },
      'events were not confirmed and will be sent again',
    );
    await this.db.execute(sql`
      UPDATE events.outbox SET attempts = attempts + 1, claimed_until = NULL,
        available_at = now() + least(30, power(2, least(attempts, 5))) * interval '1 second'
      WHERE event_id = ANY(${failed})`);
  }

  private async rest(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, IDLE_MS);
      this.wakeUp = () => (clearTimeout(timer), resolve());
      if (this.woken) this.wakeUp();
    });
    this.wakeUp = undefined;
  }
}
