import { setTimeout as sleep } from 'node:timers/promises';
import { logger } from '@order-system/observability/logger';
import { eventHandledSeconds } from '@order-system/observability/metrics';
import type { Database } from '@order-system/prisma/database';
import { isDisconnected, isUnavailable } from '@order-system/prisma/sql-errors';
import type { Delivery, Verdict } from './broker.js';
import type { Consumer } from './consumer.js';
import { keepDeadLetter, noteRetry } from './dead-letter.js';
import { applyTogether } from './apply-together.js';
import type { Known, Outcome } from './apply.js';
import { Batch } from './batch.js';
import { earlyEvent, readMessage, recognise } from './deliver.js';
import type { EventMessage } from './events.js';
import { applyPredecessors } from './predecessors.js';
import { EarlyEvent, errorText, isPermanent } from './retry.js';
import type { Fate, Spy } from './testing/spy.js';

const log = logger('events');
const OUTAGE_PAUSE_MS = 500;
const EARLY_PAUSE_MS = 50;
const EARLY_TRIES = 10;
const MOST_TOGETHER = 16;
/** Transactions of a consumer at a time; more would only take connections from calls. */
const WIDTH = 3;

interface SubscriberOptions {
  db: Database;
  consumer: Consumer;
  /** Delays between attempts in milliseconds; after the last one the event is a dead letter. */
  ladder: readonly number[];
  spy?: Spy | undefined;
}

/** What became of a delivery, and what the broker is to do with it. */
interface Settled {
  readonly fate: Fate | 'early';
  readonly verdict: Verdict;
}

/** Decides what becomes of each delivery: applied, again later, or a dead letter. Events about one thing go one by one. */
export class Subscriber {
  private readonly tails = new Map<string, Promise<unknown>>();
  private readonly stopped = new AbortController();
  private readonly batch: Batch<Known, Outcome>;

  constructor(private readonly options: SubscriberOptions) {
    const { db, consumer } = options;
    this.batch = new Batch((events) => applyTogether(db, consumer, events), MOST_TOGETHER, WIDTH);
  }

  /** Gives up waiting for a database that is away; what is unfinished stays with the broker. */
  stop(): void {
    this.stopped.abort();
  }

  async receive(delivery: Delivery): Promise<Verdict> {
    const arrivedAt = performance.now();
    const { fate, verdict } = await this.handle(delivery, arrivedAt);
    const labels = { consumer: this.options.consumer.name, outcome: fate };
    eventHandledSeconds.observe(labels, (performance.now() - arrivedAt) / 1_000);
    return verdict;
  }

  private async handle(delivery: Delivery, arrivedAt: number): Promise<Settled> {
    let message: EventMessage;
    try {
      message = readMessage(delivery.raw);
    } catch (error) {
      await this.untilNoted(() => this.bury(delivery.eventId ?? null, delivery, error, 1));
      return { fate: 'dead', verdict: 'done' };
    }
    const settled = await this.inTurn(subjectOf(message), () => this.process(message, delivery, arrivedAt));
    if (settled.fate !== 'early')
      this.options.spy?.note(this.options.consumer.name, message.id, settled.fate);
    return settled;
  }

  private async process(message: EventMessage, delivery: Delivery, arrivedAt: number): Promise<Settled> {
    try {
      const fate = await this.whileAvailable(() => this.deliverInOrder(message, arrivedAt));
      return { fate, verdict: 'done' };
    } catch (error) {
      if (error instanceof EarlyEvent) return { fate: 'early', verdict: this.later(delivery.early) };
      // We stop while the database is away: the event is not to blame.
      if (isDisconnected(error)) throw error;
      return this.untilNoted(() => this.fail(message, delivery, error));
    }
  }

  private async deliverInOrder(message: EventMessage, arrivedAt: number): Promise<'consumed' | 'duplicate'> {
    const known = recognise(this.options.consumer, message);
    // What has waited for its turn has company enough: it does not wait again.
    const until = arrivedAt + this.options.consumer.patienceMs;
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.batch.add(known, until);
      if (outcome !== 'early') return outcome;
      if (attempt >= EARLY_TRIES) throw earlyEvent(known);
      const before = await applyPredecessors(this.options, known);
      // Others are not to stand behind something that takes its time.
      if (before === 'later') throw earlyEvent(known);
      if (before === 'soon') await sleep(EARLY_PAUSE_MS);
    }
  }

  private later(early: number): Verdict {
    const { ladder } = this.options;
    return { delayMs: ladder[Math.min(early, ladder.length - 1)]!, early: early + 1 };
  }

  private async fail(message: EventMessage, delivery: Delivery, error: unknown): Promise<Settled> {
    const { db, consumer, ladder } = this.options;
    const { name } = consumer;
    let attempts = 1;
    if (!isPermanent(error)) {
      attempts = await noteRetry(
        db,
        { consumer: name, eventId: message.id, error: errorText(error) },
        ladder,
      );
      const delayMs = ladder[attempts - 1];
      if (delayMs !== undefined) {
        const { id: event, type, correlationId } = message;
        log.warn(
          { consumer: name, event, type, correlationId, attempts, err: error },
          'an event will be tried again',
        );
        return { fate: 'retried', verdict: { delayMs, early: delivery.early } };
      }
    }
    await this.bury(message.id, delivery, error, attempts);
    return { fate: 'dead', verdict: 'done' };
  }

  private async bury(
    eventId: string | null,
    delivery: Delivery,
    error: unknown,
    attempts: number,
  ): Promise<void> {
    const { db, consumer } = this.options;
    log.error({ consumer: consumer.name, event: eventId, err: error }, 'an event is now a dead letter');
    const kept = delivery.raw ?? { text: delivery.text };
    await keepDeadLetter(db, {
      consumer: consumer.name,
      eventId,
      message: kept,
      error: errorText(error),
      attempts,
    });
  }

  /** What is not noted would come back at once, again and again: a database with too much to do is waited for, too. */
  private untilNoted<T>(work: () => Promise<T>): Promise<T> {
    return this.whileAvailable(work, isUnavailable);
  }

  /** An outage of the service's own database costs no attempt: the message is held until it is over. */
  private async whileAvailable<T>(work: () => Promise<T>, isOutage = isDisconnected): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!isOutage(error)) throw error;
        log.warn({ consumer: this.options.consumer.name, err: errorText(error) }, 'waiting for the database');
        await sleep(OUTAGE_PAUSE_MS, undefined, { signal: this.stopped.signal }).catch(() => {
          throw error;
        });
      }
    }
  }

  private async inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.tails.get(key) ?? Promise.resolve();
    const mine = before.then(work);
    const tail = mine.catch(() => undefined);
    this.tails.set(key, tail);
    try {
      return await mine;
    } finally {
      if (this.tails.get(key) === tail) this.tails.delete(key);
    }
  }
}

/** What a handler changes: the order that the event tells about, else the event's own aggregate. */
function subjectOf({ aggregate, data }: EventMessage): string {
  const { orderId } = (data ?? {}) as { orderId?: unknown };
  return typeof orderId === 'string' ? orderId : aggregate.id;
}
