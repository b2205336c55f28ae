import { type EventContract, type EventData, routingKey } from '@order-system/contracts/define';
import type { Tx } from '@order-system/prisma/database';
import type { MessageContext } from './context.js';
import type { ReceivedEvent } from './events.js';

/** Writes only through `tx`; what it writes, the inbox row and what it emits commit together. */
type EventHandler<E extends EventContract> = (
  tx: Tx,
  event: ReceivedEvent<EventData<E>>,
  ctx: MessageContext,
) => Promise<void>;

export interface Subscription {
  readonly contract: EventContract;
  readonly handle: EventHandler<EventContract>;
}

export interface Consumer {
  /** `<service>.<concern>`: also the queue's name. */
  readonly name: string;
  readonly subscriptions: ReadonlyMap<string, Subscription>;
  /** The event types it takes, for the event table. */
  readonly types: string[];
  /** Its handlers may be run again for events it has applied: they write the same rows, and nobody hears of it twice. */
  readonly replayable: boolean;
  /** Every process gets every event that is told while it runs, in the order in which they were published. */
  readonly byAll: boolean;
  /** How long an event waits for others to be applied with: for effects that nobody is waiting for. */
  readonly patienceMs: number;
}

export const on = <E extends EventContract>(contract: E, handle: EventHandler<E>): Subscription => ({
  contract,
  // The contract has checked the data before the handler sees it.
  handle: handle as unknown as EventHandler<EventContract>,
});

export function consumer(
  name: string,
  subscriptions: Subscription[],
  { replayable = false, byAll = false, patienceMs = 0 } = {},
): Consumer {
  const byKey = new Map(subscriptions.map((one) => [routingKey(one.contract), one]));
  if (byKey.size !== subscriptions.length) throw new Error(`${name} subscribes to one event twice`);
  const types = [...new Set(subscriptions.map(({ contract }) => contract.type))];
  return { name, subscriptions: byKey, types, replayable, byAll, patienceMs };
}
