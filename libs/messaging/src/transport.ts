import type { CustomTransportStrategy, Server } from '@nestjs/microservices';
import type { EventBroker } from './broker.js';
import { LocalBroker } from './local/local-broker.js';
import { LocalExchange, LocalRpcClient, LocalRpcServer } from './local/local-rpc.js';
import { RabbitBroker } from './rabbitmq/rabbit-broker.js';
import { RabbitConnection } from './rabbitmq/rabbit-connection.js';
import { RabbitRpcClient, RabbitRpcServer } from './rabbitmq/rabbit-rpc.js';
import type { RpcClient } from './rpc-client.js';

/** How a service talks to the others: the only thing that differs between the topologies. */
export interface Transport {
  /** True when this process holds all services, so that nothing can be in flight when it starts. */
  readonly alone: boolean;
  readonly ready: boolean;
  readonly rpc: RpcClient;
  readonly broker: EventBroker;
  rpcServer(service: string): CustomTransportStrategy & Pick<Server, 'addHandler'>;
  close(): Promise<void>;
}

/** All services in this process. */
export function localTransport(): Transport {
  const exchange = new LocalExchange();
  const rpc = new LocalRpcClient(exchange);
  const broker = new LocalBroker();
  return {
    alone: true,
    ready: true,
    rpc,
    broker,
    rpcServer: (service) => new LocalRpcServer(exchange, service),
    close: () => broker.close(),
  };
}

interface RabbitOptions {
  url: string;
  namespace: string;
  ladder: readonly number[];
  service: string;
}

/** One connection to publish and one to consume: a blocked publisher must not stop acknowledgements. */
export function rabbitTransport({ url, namespace, ladder, service }: RabbitOptions): Transport {
  const publisher = new RabbitConnection(url, `${service} publisher`);
  const consumers = new RabbitConnection(url, `${service} consumer`);
  const rpc = new RabbitRpcClient(publisher, namespace);
  const broker = new RabbitBroker({ publisher, consumers, namespace, ladder });
  return {
    alone: false,
    get ready() {
      return publisher.ready && consumers.ready;
    },
    rpc,
    broker,
    rpcServer: (name) => new RabbitRpcServer(consumers, namespace, name),
    close: async () => {
      await Promise.all([rpc.close(), broker.close()]);
      await Promise.all([publisher.close(), consumers.close()]);
    },
  };
}
