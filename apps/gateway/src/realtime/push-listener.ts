import { EVENTS } from '@order-system/contracts/event-registry';
import type { Delivery, EventBroker, Verdict } from '@order-system/messaging/broker';
import { consumer, on } from '@order-system/messaging/consumer';
import { readMessage } from '@order-system/messaging/deliver';
import type { EventMessage } from '@order-system/messaging/events';
import { routingKey } from '@order-system/contracts/define';
import { logger } from '@order-system/observability/logger';
import type { Cache } from '@order-system/redis/cache';
import type { Server } from 'socket.io';
import { Freshness } from './freshness.js';
import { REACTIONS, rooms } from './pushes.js';

const log = logger('realtime');
const PREFETCH = 100;
const CLAIM_MS = 600_000;

/** Every event; the broker gives them to one gateway at a time, in the order they were published. */
const everything = consumer(
  'gateway.pushes',
  EVENTS.map((contract) => on(contract, async () => undefined)),
  { singleActive: true },
);

/** Turns events into pushes. They are hints: what counts is stored, and can be asked for. */
export class PushListener {
  private tail: Promise<unknown> = Promise.resolve();
  private readonly freshness = new Freshness();

  /** @param isAlone no other gateway has sockets */
  constructor(
    private readonly io: Server,
    private readonly cache: Cache,
    private readonly isAlone: boolean,
  ) {}

  listen(broker: EventBroker): Promise<{ close(): Promise<void> }> {
    return broker.subscribe(everything, PREFETCH, (delivery) => this.inTurn(delivery));
  }

  private inTurn(delivery: Delivery): Promise<Verdict> {
    const mine = this.tail.then(() => this.receive(delivery));
    this.tail = mine;
    return mine;
  }

  /** Never fails: a push that cannot be made is lost, and logged. */
  private async receive({ raw }: Delivery): Promise<Verdict> {
    try {
      const event = readMessage(raw);
      // The broker may deliver again what another gateway, or this one, has pushed already.
      if (await this.cache.claim(`pushed:${event.id}`, CLAIM_MS)) this.push(event);
    } catch (err) {
      log.warn({ err }, 'an event was not pushed');
    }
    return 'done';
  }

  private push(event: EventMessage): void {
    const reaction = REACTIONS.get(routingKey(event))?.(event);
    if (reaction && 'cut' in reaction) this.io.in(reaction.cut).disconnectSockets(true);
    if (!this.freshness.isFresh(event.occurredAt)) return;
    if (reaction && 'to' in reaction) this.emit(reaction.to, reaction.name, reaction.payload);
    this.emit([rooms.watchers], 'event', event);
  }

  /** Socket.IO writes the packet before it looks who gets it. */
  private emit(to: string[], name: string, payload: unknown): void {
    const here = this.io.sockets.adapter.rooms;
    if (this.isAlone && !to.some((room) => here.has(room))) return;
    this.io.to(to).emit(name, payload);
  }
}
