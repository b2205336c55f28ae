import type { Socket } from 'node:net';
import { type AmqpConnectionManager, connect } from 'amqp-connection-manager';
import type { Channel, ChannelModel, ConfirmChannel, Options } from 'amqplib';
import { logger } from '@order-system/observability/logger';
import { onePacketPerTurn } from '@order-system/prisma/packets';

const log = logger('rabbitmq');

/** A broker that has gone without a word is noticed after two to three of them. */
const HEARTBEAT_S = 5;
const HANDSHAKE_MS = 10_000;
const RECONNECT_S = 1;
const CONFIRM_MS = 5000;
const WATCH_MS = 2000;
/** How many looks a channel may stay shut. Each new connection doubles it: a slow broker needs longer, not to begin again. */
const LOOKS = { fewest: 2, most: 8 };
/** Each step of the end; there are some, and they fit in a shutdown's patience together. */
const CLOSE_MS = 500;

/** A connection that comes back by itself. Readiness is `ready`: connected, and the broker takes messages. */
export class RabbitConnection {
  readonly manager: AmqpConnectionManager;
  private readonly channels = new Set<RabbitChannel>();
  private readonly watchdog: NodeJS.Timeout;
  private blocked = false;
  private looks = 0;
  private mostLooks = LOOKS.fewest;

  constructor(
    url: string,
    private readonly purpose: string,
  ) {
    this.manager = connect([url], {
      heartbeatIntervalInSeconds: HEARTBEAT_S,
      reconnectTimeInSeconds: RECONNECT_S,
      // Without a timeout amqplib waits for ever on a broker that accepts and says nothing.
      connectionOptions: {
        timeout: HANDSHAKE_MS,
        // Or a reply waits up to 40 ms for the acknowledgement of the packet before it.
        noDelay: true,
        clientProperties: { connection_name: purpose },
      },
    });
    this.manager.on('connectFailed', ({ err }) =>
      log.warn({ purpose, err: err.message }, 'cannot reach the broker'),
    );
    this.manager.on('disconnect', ({ err }) => log.warn({ purpose, err: err?.message }, 'lost the broker'));
    this.manager.on('blocked', ({ reason }) => this.setBlocked(true, reason));
    this.manager.on('unblocked', () => this.setBlocked(false, 'unblocked'));
    this.manager.on('connect', () => {
      this.setBlocked(false, 'connected');
      this.looks = 0;
      // amqplib writes frame by frame, also what many calls and acknowledgements of a turn have to say.
      if (this.manager.connection !== undefined) onePacketPerTurn(socketOf(this.manager.connection));
    });
    this.watchdog = setInterval(() => this.watch(), WATCH_MS).unref();
  }

  get ready(): boolean {
    return (
      this.manager.isConnected() && !this.blocked && [...this.channels].every((channel) => channel.isOpen)
    );
  }

  /** A channel with `setup` run on it, now and after every reconnect. */
  channel(name: string, setup: Setup): RabbitChannel {
    return this.add(new RabbitChannel(this.manager, name, setup));
  }

  confirmingChannel(name: string, setup: Setup): ConfirmingChannel {
    return this.add(new ConfirmingChannel(this.manager, name, setup));
  }

  async closeChannel(channel: RabbitChannel): Promise<void> {
    this.channels.delete(channel);
    await within(CLOSE_MS, channel.close());
  }

  async close(): Promise<void> {
    clearInterval(this.watchdog);
    this.channels.clear();
    await within(CLOSE_MS, this.manager.close());
  }

  private add<C extends RabbitChannel>(channel: C): C {
    this.channels.add(channel);
    return channel;
  }

  private setBlocked(blocked: boolean, reason: string): void {
    if (blocked !== this.blocked)
      log.warn(
        { purpose: this.purpose, reason },
        blocked ? 'the broker is full' : 'the broker takes messages',
      );
    this.blocked = blocked;
  }

  /** The manager reopens connections but not channels: one that stays shut is cured by a new connection. */
  private watch(): void {
    if (!this.manager.isConnected()) return;
    const shut = [...this.channels].filter((channel) => !channel.isOpen);
    if (shut.length === 0) {
      this.looks = 0;
      this.mostLooks = LOOKS.fewest;
      return;
    }
    this.looks += 1;
    if (this.looks < this.mostLooks) return;
    this.mostLooks = Math.min(2 * this.mostLooks, LOOKS.most);
    log.warn(
      { purpose: this.purpose, channels: shut.map(({ name }) => name) },
      'reconnecting to reopen channels',
    );
    this.manager.reconnect();
  }
}

/** Of which amqplib's types do not tell. */
const socketOf = ({ connection }: ChannelModel): Socket =>
  (connection as unknown as { readonly stream: Socket }).stream;

export interface Consuming {
  channel: Channel;
  tag: string;
}

type Setup = (channel: Channel) => Promise<void>;

/** A channel that never queues: a message is sent now or refused now. Nobody says whether it has arrived. */
export class RabbitChannel {
  protected open: Channel | undefined;
  private readonly wrapper;

  constructor(
    manager: AmqpConnectionManager,
    readonly name: string,
    setup: Setup,
    confirm = false,
  ) {
    this.wrapper = manager.createChannel({
      name,
      confirm,
      setup: async (channel: Channel) => {
        // Without a listener an error of one channel would take the whole connection down.
        channel.on('error', (err: Error) =>
          log.warn({ channel: name, err: err.message }, 'the broker closed a channel'),
        );
        channel.on('close', () => this.forget(channel));
        await setup(channel);
        this.open = channel;
      },
    });
    this.wrapper.on('error', (err) =>
      log.warn({ channel: name, err: err.message }, 'a channel could not be set up'),
    );
  }

  get isOpen(): boolean {
    return this.open !== undefined;
  }

  /** Throws when there is no connection. */
  send(exchange: string, key: string, content: Buffer, options: Options.Publish): void {
    if (!this.open) throw new NotConnected();
    this.open.publish(exchange, key, content, options);
  }

  async close(): Promise<void> {
    await this.wrapper.close();
  }

  private forget(channel: Channel): void {
    if (this.open === channel) this.open = undefined;
  }
}

export class ConfirmingChannel extends RabbitChannel {
  constructor(manager: AmqpConnectionManager, name: string, setup: Setup) {
    super(manager, name, setup, true);
  }

  /** Resolves when the broker has taken responsibility; an error or a timeout means it may have, or not. */
  publish(exchange: string, key: string, content: Buffer, options: Options.Publish): Promise<void> {
    const channel = this.open as ConfirmChannel | undefined;
    if (!channel) return Promise.reject(new NotConnected());
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the broker did not confirm in time')), CONFIRM_MS);
      channel.publish(exchange, key, content, options, (err) => {
        clearTimeout(timer);
        if (err) reject(err instanceof Error ? err : new Error('the broker refused the message'));
        else resolve();
      });
    });
  }
}

class NotConnected extends Error {
  constructor() {
    super('not connected to the broker');
  }
}

/** Resolves when nothing more is delivered, or when the broker does not say so. */
export const stopConsuming = ({ channel, tag }: Consuming): Promise<void> =>
  within(CLOSE_MS, channel.cancel(tag));

/** Its last words: when the broker does not hear them, the queue ends by itself. */
export const removeQueue = ({ channel, queue }: { channel: Channel; queue: string }): Promise<void> =>
  within(CLOSE_MS, channel.deleteQueue(queue));

/** A broker that hangs must not keep a process from ending. */
async function within(ms: number, closing: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([closing.catch((err: unknown) => log.debug({ err }, 'closing failed')), late]);
  clearTimeout(timer);
}
