import type { Channel, ConsumeMessage } from 'amqplib';
import { logger } from '@order-system/observability/logger';
import type { Verdict } from '../broker.js';
import { crashPoint } from '../crash-point.js';
import { errorText } from '../retry.js';
import { UnderWay } from '../under-way.js';
import {
  type ConfirmingChannel,
  type Consuming,
  type RabbitConnection,
  removeQueue,
  stopConsuming,
} from './rabbit-connection.js';
import { declareShared, names } from './topology.js';

const log = logger('events');

const DECLARE_EVERY_MS = 20_000;

export interface RabbitBrokerOptions {
  publisher: RabbitConnection;
  consumers: RabbitConnection;
  namespace: string;
  ladder: readonly number[];
}

interface Work {
  name: string;
  /** At most so many deliveries at a time. */
  prefetch: number;
  /** This process's alone: it ends with its consumer. */
  isOwn?: boolean;
  /** Returns the queue's name. */
  declare(channel: Channel): Promise<string>;
  receive(message: ConsumeMessage): Promise<Verdict>;
}

/** A queue that is consumed: deliveries are acknowledged on the channel they came on, after they are settled. */
export class WorkQueue {
  private readonly channel: ConfirmingChannel;
  private readonly upkeep: NodeJS.Timeout;
  private consuming: (Consuming & { queue: string }) | undefined;
  private readonly underWay = new UnderWay();

  constructor(
    private readonly options: RabbitBrokerOptions,
    private readonly work: Work,
  ) {
    this.channel = options.consumers.confirmingChannel(work.name, (channel) => this.consume(channel));
    this.upkeep = setInterval(() => void this.declareAgain(), DECLARE_EVERY_MS).unref();
  }

  async close(): Promise<void> {
    clearInterval(this.upkeep);
    if (this.consuming) await stopConsuming(this.consuming);
    await this.underWay.ended();
    if (this.consuming && this.work.isOwn) await removeQueue(this.consuming);
    await this.options.consumers.closeChannel(this.channel);
  }

  private async consume(channel: Channel): Promise<void> {
    const queue = await this.declare(channel);
    await channel.prefetch(this.work.prefetch);
    const take = (message: ConsumeMessage | null) => {
      // null: the broker cancelled us, for example because the queue was deleted. A new channel declares it again.
      if (message === null) void channel.close().catch((err: Error) => log.debug({ err }, 'close failed'));
      else void this.underWay.run(() => this.take(message, channel, queue));
    };
    const { consumerTag } = await channel.consume(queue, take);
    this.consuming = { channel, tag: consumerTag, queue };
  }

  private async declare(channel: Channel): Promise<string> {
    await declareShared(channel, this.options.namespace, this.options.ladder);
    return this.work.declare(channel);
  }

  /** Nobody is told when an exchange or a binding is deleted: consumers would just hear nothing any more. */
  private async declareAgain(): Promise<void> {
    if (!this.consuming || !this.channel.isOpen) return;
    await this.declare(this.consuming.channel).catch((err: Error) => log.debug({ err }, 'declaring failed'));
  }

  private async take(message: ConsumeMessage, channel: Channel, queue: string): Promise<void> {
    try {
      const verdict = await this.work.receive(message);
      if (verdict !== 'done') await this.delay(message, queue, verdict);
      channel.ack(message);
    } catch (error) {
      // Not acknowledged: the broker delivers it again, here when the channel is lost, elsewhere when we stop.
      log.warn({ consumer: this.work.name, err: errorText(error) }, 'a delivery was left with the broker');
      if (this.channel.isOpen) this.giveBack(channel, message);
    }
  }

  private async delay(
    message: ConsumeMessage,
    queue: string,
    { delayMs, early }: { delayMs: number; early: number },
  ) {
    const { delay } = names(this.options.namespace);
    const { 'x-death': _, ...headers } = message.properties.headers ?? {};
    await this.channel.publish(delay(delayMs), queue, message.content, {
      ...message.properties,
      expiration: undefined,
      persistent: true,
      headers: { ...headers, 'x-early': early },
    });
    crashPoint('consumer.delayed_before_ack');
  }

  private giveBack(channel: Channel, message: ConsumeMessage): void {
    try {
      channel.nack(message, false, true);
    } catch (err) {
      log.debug({ err }, 'the channel closed meanwhile');
    }
  }
}
