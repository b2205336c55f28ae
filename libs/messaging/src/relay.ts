import { logger } from '@order-system/observability/logger';
import { eventsPublishedTotal } from '@order-system/observability/metrics';
import type { Database } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';
import type { EventBroker } from './broker.js';
import { crashPoint } from './crash-point.js';
import type { EventMessage } from './events.js';
import { InHand } from './in-hand.js';
import { type Offer, onEmit, type Outlet } from './outbox.js';
import { claimWaiting, putBack, remove } from './outbox.store.js';
import { errorText } from './retry.js';

const log = logger('relay');
const BATCH = 100;
/** Between two looks into the outbox: when nothing happens, when events of another process were in the way, when busy. */
const IDLE_MS = 500;
const BLOCKED_MS = 30;
const BUSY_MS = 8;
/** Between two publications when there is much to do: what is emitted meanwhile travels together. */
const GATHER_MS = 8;
/** What was published is removed once it is quiet for so long, and at the latest then. */
const QUIET_MS = 20;
const REMOVE_WITHIN_MS = 100;
/** At a stop: what is not published by then is for others, or for the next start. */
const LAST_LOOKS_MS = 2000;
/** More than that waits in the outbox, not in memory. */
const MOST_IN_HAND = 1000;

/**
 * Publishes a service's outbox, the events of an aggregate in order. What its own process commits comes straight to it,
 * under a lease; what others have left, or could not be published at once, it reads. Any number may run: who claims the
 * first waiting event of an aggregate gets the ones that follow it too.
 */
export class Relay implements Outlet {
  private fresh: EventMessage[] = [];
  /** Published, and still to be removed from the outbox. */
  private confirmed: EventMessage[] = [];
  private readonly inHand = new InHand();
  /** Begins anew when an event could not be published: those that were to follow it then wait in the outbox. */
  private term = 0;
  private publishAt = 0;
  private lookAt = 0;
  private lookBy = Infinity;
  private removeAt = Infinity;
  private removeBy = Infinity;
  private pauseMs = IDLE_MS;
  private wakeUp: (() => void) | undefined;
  private stopping = false;
  private loop: Promise<void> | undefined;

  constructor(
    private readonly db: Database,
    private readonly broker: EventBroker,
    private readonly service: string,
  ) {}

  start(): void {
    onEmit(this.db, this);
    this.loop = this.run();
  }

  /** For a lone process at its start: whoever claimed these is dead, so nobody needs to wait for the leases to end. */
  async reclaim(): Promise<void> {
    await this.db.execute(sql`
      UPDATE events.outbox SET claimed_until = NULL WHERE source = ${this.service} AND claimed_until IS NOT NULL`);
  }

  offer(): Offer | undefined {
    if (this.stopping || !this.broker.ready || this.inHand.size >= MOST_IN_HAND) return undefined;
    const { term } = this;
    return {
      holds: (aggregateId, version) => this.inHand.has(aggregateId, version),
      take: (messages) => {
        // What is not taken is free again when its lease ends.
        if (this.term === term) this.take(messages);
      },
    };
  }

  leftBehind(): void {
    this.pauseMs = BLOCKED_MS;
    this.lookAt = Math.min(this.lookAt, performance.now() + BLOCKED_MS);
    this.wakeUp?.();
  }

  /** Looks into the outbox at once. */
  wake(): void {
    this.lookAt = 0;
    this.wakeUp?.();
  }

  /** Publishes what is there, but not for long when it is much, then ends. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.lookBy = performance.now() + LAST_LOOKS_MS;
    this.wake();
    await this.loop;
  }

  private take(messages: EventMessage[]): void {
    this.inHand.add(messages);
    this.fresh.push(...messages);
    this.wakeUp?.();
  }

  private async run(): Promise<void> {
    for (;;) {
      if (this.msUntil(this.removeAt) <= 0) await this.removePublished();
      const isTimeToLook = this.msUntil(this.lookAt) <= 0 && performance.now() < this.lookBy;
      const hasMoved = isTimeToLook && (await this.look());
      if (this.msToPublish() <= 0) await this.publishFresh();
      else if (this.stopping && !hasMoved) return;
      else await this.rest();
    }
  }

  private msUntil(time: number): number {
    return this.stopping ? 0 : time - performance.now();
  }

  private msToPublish(): number {
    if (this.fresh.length === 0) return Infinity;
    return this.msUntil(this.publishAt);
  }

  private async removePublished(): Promise<void> {
    this.removeAt = this.removeBy = Infinity;
    const done = [...this.confirmed];
    if (done.length === 0) return;
    try {
      await remove(this.db, done);
      this.confirmed.splice(0, done.length);
      this.inHand.remove(done);
    } catch (error) {
      log.warn({ service: this.service, err: errorText(error) }, 'what was published is removed later');
      this.removeAt = this.removeBy = performance.now() + IDLE_MS;
    }
  }

  /** Publishes what waits in the outbox. False when there is nothing, or no way to. */
  private async look(): Promise<boolean> {
    this.lookAt = Infinity;
    const messages = this.broker.ready ? await this.claim() : [];
    this.inHand.add(messages);
    const hasMoved = messages.length > 0 && (await this.publish(messages));
    this.pauseMs = hasMoved ? BUSY_MS : Math.min(IDLE_MS, this.pauseMs * 2);
    this.lookAt = Math.min(this.lookAt, performance.now() + this.pauseMs);
    return hasMoved;
  }

  private async claim(): Promise<EventMessage[]> {
    try {
      return await claimWaiting(this.db, this.service, BATCH);
    } catch (error) {
      log.warn({ service: this.service, err: errorText(error) }, 'the outbox has to wait');
      return [];
    }
  }

  private async publishFresh(): Promise<void> {
    this.publishAt = performance.now() + GATHER_MS;
    if (this.broker.ready) await this.publish(this.fresh.splice(0, BATCH));
    else this.leaveFresh();
  }

  /** True when any of them was published. */
  private async publish(messages: EventMessage[]): Promise<boolean> {
    crashPoint('relay.claimed');
    const ids = await this.send(messages);
    crashPoint('relay.confirmed_before_mark');
    eventsPublishedTotal.inc({ service: this.service }, ids.size);
    const failed = messages.filter(({ id }) => !ids.has(id));
    if (ids.size > 0) this.removeSoon(messages.filter(({ id }) => ids.has(id)));
    if (failed.length > 0) await this.giveBack(failed);
    return ids.size > 0;
  }

  /** The ids of those that the broker has taken. */
  private async send(messages: EventMessage[]): Promise<Set<string>> {
    try {
      return new Set(await this.broker.publish(this.service, messages));
    } catch (error) {
      log.warn({ service: this.service, err: errorText(error) }, 'the broker takes nothing');
      return new Set();
    }
  }

  private removeSoon(published: EventMessage[]): void {
    const now = performance.now();
    this.confirmed.push(...published);
    this.removeBy = Math.min(this.removeBy, now + REMOVE_WITHIN_MS);
    this.removeAt = this.confirmed.length < BATCH ? Math.min(this.removeBy, now + QUIET_MS) : now;
  }

  private async giveBack(failed: EventMessage[]): Promise<void> {
    log.warn(
      { service: this.service, events: failed.length },
      'events were not confirmed and will be sent again',
    );
    this.inHand.remove(failed);
    this.leaveFresh();
    try {
      const events = await putBack(this.db, failed);
      if (events > 0)
        log.error(
          { service: this.service, events },
          'a queue is full: who has missed events looks for them in the log',
        );
    } catch (error) {
      log.warn({ service: this.service, err: errorText(error) }, 'they are sent again when their leases end');
    }
  }

  /** Events that were to follow one that was not published wait in the outbox, until their leases end. */
  private leaveFresh(): void {
    this.inHand.remove(this.fresh);
    this.fresh = [];
    this.term += 1;
  }

  private async rest(): Promise<void> {
    const ms = Math.min(this.msUntil(this.removeAt), this.msUntil(this.lookAt), this.msToPublish());
    if (ms <= 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wakeUp = () => (clearTimeout(timer), resolve());
    });
    this.wakeUp = undefined;
  }
}
