import { type CustomTransportStrategy, Server } from '@nestjs/microservices';
import { fromHeaders, toHeaders } from '../context.js';
import { unavailable, type RpcReply } from '../rpc-reply.js';
import { RpcClient, type RpcRequest } from '../rpc-client.js';
import { answer } from '../rpc-server.js';
import { UnderWay } from '../under-way.js';

type Listener = (name: string, data: unknown, headers: Record<string, unknown>) => Promise<RpcReply>;

/** The services of this process by name. */
export class LocalExchange {
  readonly listeners = new Map<string, Listener>();
}

/** What crosses is copied as it would be by a broker: no service can change another's objects. */
const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** Answers calls from within the process. */
export class LocalRpcServer extends Server implements CustomTransportStrategy {
  private readonly underWay = new UnderWay();

  constructor(
    private readonly exchange: LocalExchange,
    private readonly service: string,
  ) {
    super();
  }

  listen(ready: () => void): void {
    this.exchange.listeners.set(this.service, (name, data, headers) =>
      this.underWay.run(() => this.serve(name, data, headers)),
    );
    ready();
  }

  private async serve(name: string, data: unknown, headers: Record<string, unknown>): Promise<RpcReply> {
    const reply = await answer(this.messageHandlers, name, copy(data), fromHeaders(headers));
    return JSON.parse(reply) as RpcReply;
  }

  async close(): Promise<void> {
    this.exchange.listeners.delete(this.service);
    await this.underWay.ended();
  }

  on(): never {
    throw new Error('the in-process transport has no events to listen to');
  }

  unwrap<T>(): T {
    return this.exchange as T;
  }
}

export class LocalRpcClient extends RpcClient {
  constructor(private readonly exchange: LocalExchange) {
    super();
  }

  protected async send({ service, name, data, ctx, patienceMs }: RpcRequest): Promise<RpcReply> {
    const listener = this.exchange.listeners.get(service);
    if (!listener) throw unavailable(service, 'is not running');
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(unavailable(service, 'did not answer in time')), patienceMs);
    });
    try {
      return await Promise.race([listener(name, data, toHeaders(ctx, patienceMs)), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    // The exchange belongs to the process.
  }
}
