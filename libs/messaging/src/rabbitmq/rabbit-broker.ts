import { randomUUID } from 'node:crypto';
import type { Channel } from 'amqplib';
import { routingKey } from '@order-system/contracts/define';
import type { DeadMessage, EventBroker, Receive } from '../broker.js';
import type { Consumer } from '../consumer.js';
import { crashPoint } from '../crash-point.js';
import type { EventMessage } from '../events.js';
import { deadMessage } from './dead-message.js';
import { parseContent } from './parse-content.js';
import type { ConfirmingChannel } from './rabbit-connection.js';
import { declareOwnQueue, declareQueue, declareShared, names } from './topology.js';
import { type RabbitBrokerOptions, WorkQueue } from './work-queue.js';

/** Dead messages are few; each is kept before the next is taken. */
const DEAD_PREFETCH = 1;
/** As AMQP 0-9-1 numbers it. */
const QUEUE_DECLARE = { classId: 50, methodId: 10 };

/** Carries events over RabbitMQ: confirms on publish, acks after commit, delays by TTL queues. */
export class RabbitBroker implements EventBroker {
  private own = randomUUID();
  private readonly channel: ConfirmingChannel;

  constructor(private readonly options: RabbitBrokerOptions) {
    const { publisher, namespace, ladder } = options;
    this.channel = publisher.confirmingChannel('events', (channel) =>
      declareShared(channel, namespace, ladder),
    );
  }

  /** Names this process among those that are all told. */
  get process(): string {
    return this.own;
  }

  get ready(): boolean {
    return this.channel.isOpen;
  }

  async publish(source: string, messages: EventMessage[]): Promise<string[]> {
    const sent = messages.map((message) => this.send(source, message));
    crashPoint('relay.published_before_confirm');
    const outcomes = await Promise.allSettled(sent);
    return messages.filter((_, index) => outcomes[index]?.status === 'fulfilled').map(({ id }) => id);
  }

  private send(source: string, message: EventMessage): Promise<void> {
    const { id, type, aggregate, correlationId, causationId, occurredAt } = message;
    return this.channel.publish(
      names(this.options.namespace).events,
      routingKey(message),
      Buffer.from(JSON.stringify(message)),
      {
        messageId: id,
        correlationId,
        type,
        timestamp: Math.floor(occurredAt.getTime() / 1000),
        appId: source,
        contentType: 'application/json',
        persistent: true,
        headers: {
          'x-aggregate-type': aggregate.type,
          'x-aggregate-id': aggregate.id,
          'x-aggregate-version': aggregate.version,
          ...(causationId === null ? {} : { 'x-causation-id': causationId }),
        },
      },
    );
  }

  async subscribe(
    consumer: Consumer,
    prefetch: number,
    receive: Receive,
  ): Promise<{ close(): Promise<void> }> {
    const { namespace } = this.options;
    const work = new WorkQueue(this.options, {
      name: consumer.name,
      prefetch,
      isOwn: consumer.byAll,
      declare: (channel) =>
        consumer.byAll ? this.declareOwn(channel, consumer) : declareQueue(channel, namespace, consumer),
      receive: ({ content, properties }) => {
        const text = content.toString();
        return receive({ raw: parseContent(text), text, early: returnsOf(properties.headers) });
      },
    });
    return { close: () => work.close() };
  }

  /** The node of a cluster that has our queue may be away for long: then another queue takes its place. */
  private async declareOwn(channel: Channel, consumer: Consumer): Promise<string> {
    const { namespace } = this.options;
    try {
      return await declareOwnQueue(channel, { namespace, consumer, process: this.process });
    } catch (error) {
      if (isDeclareRefused(error)) this.own = randomUUID();
      throw error;
    }
  }

  async drain(keep: (dead: DeadMessage) => Promise<void>): Promise<{ close(): Promise<void> }> {
    const { namespace } = this.options;
    const queue = new WorkQueue(this.options, {
      name: 'dead letters',
      prefetch: DEAD_PREFETCH,
      declare: async () => names(namespace).deadLetters,
      receive: async (message) => {
        await keep(deadMessage(namespace, message));
        return 'done';
      },
    });
    return { close: () => queue.close() };
  }

  async close(): Promise<void> {
    await this.options.publisher.closeChannel(this.channel);
  }
}

/** Not what comes of a lost connection or channel: the queue is there, and waits for the next one. */
function isDeclareRefused(error: unknown): boolean {
  const { classId, methodId } = error as { classId?: number; methodId?: number };
  return classId === QUEUE_DECLARE.classId && methodId === QUEUE_DECLARE.methodId;
}

/** How often a message came too early, as we have noted it; what somebody else wrote there counts for nothing. */
function returnsOf(headers: Record<string, unknown> = {}): number {
  const count = Number(headers['x-early'] ?? 0);
  return Number.isInteger(count) && count > 0 ? count : 0;
}
