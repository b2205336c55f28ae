import type { Consumer } from './consumer.js';
import type { EventMessage } from './events.js';

/** A message for a consumer; `raw` is undefined when it was not JSON. */
export interface Delivery {
  raw: unknown;
  /** What came, for the dead letter. */
  text: string;
  /** How often it came too early. */
  early: number;
  /** Of the row that it comes from, when that is known without reading it. */
  eventId?: string;
}

/** What becomes of a delivery: finished, or once more after a delay. */
export type Verdict = 'done' | { delayMs: number; early: number };

export type Receive = (delivery: Delivery) => Promise<Verdict>;

/** A message that the broker itself gave up on: its consumer's process died each time it had it. */
export interface DeadMessage {
  consumer: string;
  /** Undefined when it was not JSON. */
  raw: unknown;
  text: string;
  deliveries: number;
}

/** Carries events from relays to consumers, at least once. */
export interface EventBroker {
  /** True while messages are taken. */
  readonly ready: boolean;
  /** Returns the ids of the events that the broker has taken responsibility for. */
  publish(source: string, messages: EventMessage[]): Promise<string[]>;
  /** At most `prefetch` deliveries at a time. Resolves when the subscription is registered, connected or not. */
  subscribe(consumer: Consumer, prefetch: number, receive: Receive): Promise<{ close(): Promise<void> }>;
  /** Takes what the broker gave up on; where `keep` resolves it is gone. Absent where no such thing can happen. */
  drain?(keep: (dead: DeadMessage) => Promise<void>): Promise<{ close(): Promise<void> }>;
  close(): Promise<void>;
}
