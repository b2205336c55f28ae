import { routingKey } from '@order-system/contracts/define';
import type { EventBroker, Receive } from '../broker.js';
import type { Consumer } from '../consumer.js';
import type { EventMessage } from '../events.js';
import { UnderWay } from '../under-way.js';

/** A queue that is fuller than this takes no more: the outbox keeps what comes, for a while. */
const MOST_WAITING = 10_000;

interface Waiting {
  text: string;
  early: number;
}

/** A work queue in memory. What it holds when the process dies is found again by catch-up. */
class LocalQueue {
  private readonly waiting: Waiting[] = [];
  private readonly delays = new Set<NodeJS.Timeout>();
  private readonly underWay = new UnderWay();
  private closed = false;

  constructor(
    readonly consumer: Consumer,
    private readonly prefetch: number,
    private readonly receive: Receive,
  ) {}

  get isFull(): boolean {
    return this.waiting.length >= MOST_WAITING;
  }

  push(message: Waiting): void {
    if (this.closed) return;
    this.waiting.push(message);
    while (this.underWay.count < this.prefetch && this.waiting.length > 0) void this.next();
  }

  async close(): Promise<void> {
    this.closed = true;
    this.waiting.length = 0;
    for (const timer of this.delays) clearTimeout(timer);
    await this.underWay.ended();
  }

  private async next(): Promise<void> {
    const message = this.waiting.shift();
    if (!message) return;
    await this.underWay.run(() => this.handle(message));
    void this.next();
  }

  private async handle(message: Waiting): Promise<void> {
    try {
      const raw = JSON.parse(message.text) as unknown;
      const verdict = await this.receive({ raw, text: message.text, early: message.early });
      if (verdict !== 'done') this.delay({ text: message.text, early: verdict.early }, verdict.delayMs);
    } catch {
      // Given up while stopping: the event has no inbox row, so catch-up applies it after the next start.
    }
  }

  private delay(message: Waiting, ms: number): void {
    const timer = setTimeout(() => {
      this.delays.delete(timer);
      this.push(message);
    }, ms).unref();
    this.delays.add(timer);
  }
}

/** Carries events within one process, copied like by a real broker. */
export class LocalBroker implements EventBroker {
  readonly ready = true;
  private readonly queues = new Set<LocalQueue>();

  async publish(_source: string, messages: EventMessage[]): Promise<string[]> {
    return messages.filter((message) => this.route(message)).map(({ id }) => id);
  }

  async subscribe(
    consumer: Consumer,
    prefetch: number,
    receive: Receive,
  ): Promise<{ close(): Promise<void> }> {
    const queue = new LocalQueue(consumer, prefetch, receive);
    this.queues.add(queue);
    return {
      close: () => {
        this.queues.delete(queue);
        return queue.close();
      },
    };
  }

  async close(): Promise<void> {
    await Promise.all([...this.queues].map((queue) => queue.close()));
  }

  /** False when a queue is full; the others have it then. */
  private route(message: EventMessage): boolean {
    const targets = [...this.queues].filter(({ consumer }) =>
      consumer.subscriptions.has(routingKey(message)),
    );
    const text = JSON.stringify(message);
    const withRoom = targets.filter((queue) => !queue.isFull);
    for (const queue of withRoom) queue.push({ text, early: 0 });
    return withRoom.length === targets.length;
  }
}
