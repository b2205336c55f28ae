import type { SessionCheck } from '@order-system/auth/session-check';
import { EVENTS } from '@order-system/contracts/event-registry';
import type { Delivery, EventBroker, Verdict } from '@order-system/messaging/broker';
import { consumer, on } from '@order-system/messaging/consumer';
import { readMessage } from '@order-system/messaging/deliver';
import type { EventMessage } from '@order-system/messaging/events';
import { routingKey } from '@order-system/contracts/define';
import { logger } from '@order-system/observability/logger';
import type { Server } from 'socket.io';
import { Freshness } from './freshness.js';
import { type Cut, REACTIONS, rooms } from './pushes.js';

const log = logger('realtime');
export const PREFETCH = 100;
/** A relay publishes again what the broker has not confirmed to it; that comes soon, if at all. */
const REMEMBERED = 5000;

/** Every event, for every gateway: each tells its own sockets. */
const everything = consumer(
  'gateway.pushes',
  EVENTS.map((contract) => on(contract, async () => undefined)),
  { byAll: true },
);

/** Turns events into pushes. They are hints: what counts is stored, and can be asked for. */
export class PushListener {
  private readonly freshness = new Freshness();
  /** The latest ids, and as many before them: taking the oldest out of one set gets slower with each that was taken. */
  private pushed = new Set<string>();
  private pushedBefore = new Set<string>();

  constructor(
    private readonly io: Server,
    private readonly sessions: SessionCheck,
  ) {}

  listen(broker: EventBroker): Promise<{ close(): Promise<void> }> {
    return broker.subscribe(everything, PREFETCH, (delivery) => this.receive(delivery));
  }

  /** Never fails: a push that cannot be made is lost, and logged. */
  private async receive({ raw }: Delivery): Promise<Verdict> {
    try {
      const event = readMessage(raw);
      if (this.isNew(event)) this.push(event);
    } catch (err) {
      log.warn({ err }, 'an event was not pushed');
    }
    return 'done';
  }

  private isNew({ id }: EventMessage): boolean {
    if (this.pushed.has(id) || this.pushedBefore.has(id)) return false;
    if (this.pushed.size >= REMEMBERED) {
      this.pushedBefore = this.pushed;
      this.pushed = new Set();
    }
    this.pushed.add(id);
    return true;
  }

  private push(event: EventMessage): void {
    const reaction = REACTIONS.get(routingKey(event))?.(event);
    if (reaction && 'cut' in reaction) this.cut(reaction);
    if (!this.freshness.isFresh(event.occurredAt)) return;
    if (reaction && 'to' in reaction) this.emit(reaction.to, reaction.name, reaction.payload);
    this.emit([rooms.watchers], 'event', event);
  }

  private cut({ cut, id }: Cut): void {
    if (cut === 'session') this.sessions.forgetSession(id);
    else this.sessions.forgetUser(id);
    this.io.local.in(rooms[cut](id)).disconnectSockets(true);
  }

  /** Socket.IO writes the packet before it looks who gets it. */
  private emit(to: string[], name: string, payload: unknown): void {
    const here = this.io.sockets.adapter.rooms;
    if (to.some((room) => here.has(room))) this.io.local.to(to).emit(name, payload);
  }
}
