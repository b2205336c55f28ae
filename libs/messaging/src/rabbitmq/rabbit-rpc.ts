import { randomUUID } from 'node:crypto';
import type { Channel, ConsumeMessage } from 'amqplib';
import { DomainError } from '@order-system/contracts/errors';
import { logger } from '@order-system/observability/logger';
import { ServerRMQ } from '@nestjs/microservices';
import { fromHeaders, toHeaders } from '../context.js';
import { RpcClient, type RpcRequest } from '../rpc-client.js';
import { type RpcReply, toReply, unavailable } from '../rpc-reply.js';
import { answer } from '../rpc-server.js';
import { Standstill } from '../standstill.js';
import { UnderWay } from '../under-way.js';
import {
  type Consuming,
  type RabbitChannel,
  type RabbitConnection,
  stopConsuming,
} from './rabbit-connection.js';

const log = logger('rpc');
const REPLY_TO = 'amq.rabbitmq.reply-to';
const PREFETCH = 64;
/** Of this type whatever the default is: calls need no replicas, which would make them slower. */
const QUEUE = {
  durable: true,
  arguments: {
    'x-queue-type': 'classic',
    'x-message-ttl': 10_000,
    'x-max-length': 1000,
    'x-overflow': 'reject-publish',
  },
};

const queueOf = (namespace: string, service: string): string => `${namespace}.rpc.${service}`;

interface Pending {
  service: string;
  resolve: (reply: RpcReply) => void;
  reject: (error: DomainError) => void;
}

/**
 * Asks over direct reply-to; requests and replies must share one channel. The body is Nest's own packet. The broker
 * confirms neither, which would be a third of all packets: it is the reply that tells.
 */
export class RabbitRpcClient extends RpcClient {
  private readonly pending = new Map<string, Pending>();
  private readonly channel: RabbitChannel;

  constructor(
    private readonly connection: RabbitConnection,
    private readonly namespace: string,
  ) {
    super();
    this.channel = connection.channel('rpc client', (channel) => this.setUp(channel));
  }

  protected send({ service, name, data, ctx, patienceMs }: RpcRequest): Promise<RpcReply> {
    const id = randomUUID();
    return new Promise<RpcReply>((resolve, reject) => {
      const timer = setTimeout(
        () => this.settle(id)?.reject(unavailable(service, 'did not answer in time')),
        patienceMs,
      );
      this.pending.set(id, {
        service,
        resolve: (reply) => (clearTimeout(timer), resolve(reply)),
        reject: (error) => (clearTimeout(timer), reject(error)),
      });
      const content = Buffer.from(JSON.stringify({ pattern: name, data, id }));
      const options = {
        replyTo: REPLY_TO,
        correlationId: id,
        // Half a millisecond, or less than none, would cost the channel, and with it all calls under way.
        expiration: Math.ceil(patienceMs),
        mandatory: true,
        headers: toHeaders(ctx, patienceMs),
        contentType: 'application/json',
      };
      try {
        this.channel.send('', queueOf(this.namespace, service), content, options);
      } catch (err) {
        log.debug({ service, call: name, err }, 'a call could not be sent');
        this.settle(id)?.reject(unavailable(service, 'cannot be reached'));
      }
    });
  }

  async close(): Promise<void> {
    await this.connection.closeChannel(this.channel);
    this.failAll();
  }

  private async setUp(channel: Channel): Promise<void> {
    channel.on('return', ({ properties }: { properties: { correlationId: string } }) => {
      const call = this.settle(properties.correlationId);
      call?.reject(unavailable(call.service, 'is not running'));
    });
    channel.on('close', () => this.failAll());
    await channel.consume(REPLY_TO, (message) => message && this.receive(message), { noAck: true });
  }

  private receive({ content, properties }: ConsumeMessage): void {
    const call = this.settle(String(properties.correlationId));
    call?.resolve(JSON.parse(content.toString()) as RpcReply);
  }

  private settle(id: string): Pending | undefined {
    const call = this.pending.get(id);
    this.pending.delete(id);
    return call;
  }

  /** Replies come back on the channel that asked: when it is gone they are lost. */
  private failAll(): void {
    for (const [id, { service }] of this.pending)
      this.settle(id)?.reject(unavailable(service, 'was cut off'));
  }
}

/**
 * Nest's server with what it lacks: deadlines, replies that cannot crash the process, a queue that sheds load,
 * draining, and no second run of a request whose first runner died (the caller's key decides about a retry).
 */
export class RabbitRpcServer extends ServerRMQ {
  private rpcChannel: RabbitChannel | undefined;
  private consuming: Consuming | undefined;
  private readonly underWay = new UnderWay();
  private readonly standstill = new Standstill();

  constructor(
    private readonly connection: RabbitConnection,
    namespace: string,
    service: string,
  ) {
    super({ queue: queueOf(namespace, service), noAck: false });
  }

  override async listen(ready: () => void): Promise<void> {
    this.standstill.start();
    this.rpcChannel = this.connection.channel('rpc server', (channel) => this.consume(channel));
    ready();
  }

  override async close(): Promise<void> {
    this.standstill.stop();
    if (!this.rpcChannel) return;
    if (this.consuming) await stopConsuming(this.consuming);
    await this.underWay.ended();
    await this.connection.closeChannel(this.rpcChannel);
  }

  private async consume(channel: Channel): Promise<void> {
    await channel.assertQueue(this.queue, QUEUE);
    await channel.prefetch(PREFETCH);
    const { consumerTag } = await channel.consume(this.queue, (message) => {
      // null: the broker cancelled us, for example because the queue was deleted. A new channel declares it again.
      if (message === null) void channel.close().catch((err: Error) => log.debug({ err }, 'close failed'));
      else void this.underWay.run(() => this.serve(message, channel));
    });
    this.consuming = { channel, tag: consumerTag };
  }

  private async serve(message: ConsumeMessage, channel: Channel): Promise<void> {
    try {
      const reply = await this.replyTo(message);
      const { replyTo, correlationId } = message.properties;
      if (replyTo) channel.sendToQueue(String(replyTo), Buffer.from(reply), { correlationId });
      channel.ack(message);
    } catch (err) {
      // The channel closed meanwhile: the caller has been told by its own side, the message comes back as redelivered.
      log.debug({ err }, 'a reply could not be sent');
    }
  }

  private async replyTo({ content, fields, properties }: ConsumeMessage): Promise<string> {
    if (fields.redelivered)
      return toReply(
        new DomainError('SERVICE_UNAVAILABLE', 'The service was restarted meanwhile; try again.'),
      );
    try {
      const { pattern, data } = JSON.parse(content.toString()) as { pattern: string; data: unknown };
      const ctx = fromHeaders(properties.headers ?? {}, this.standstill.justNowMs);
      return await answer(this.messageHandlers, pattern, data, ctx);
    } catch (err) {
      log.warn({ err, queue: this.queue }, 'a message that is no call was dropped');
      return toReply(new DomainError('INTERNAL', 'The message is no call.'));
    }
  }
}
