import type { INestApplication, Type } from '@nestjs/common';
import type { Consumer } from '@order-system/messaging/consumer';
import type { Transport } from '@order-system/messaging/transport';

/** Work that repeats; two runs of one job in one process never overlap. */
export interface Job {
  readonly everyMs: number;
  /** Does a batch of it; true when there may be more, which is then done at once. */
  run(): Promise<boolean | void>;
}

/** Runs once before the service is ready, for example to fill an empty table. */
export interface StartUp {
  run(): Promise<void>;
}

/** A service as the hosts start it: alone in its process, or all in one. */
export interface ServiceDefinition {
  readonly name: string;
  readonly module: Type;
  readonly consumers?: readonly Consumer[];
  readonly jobs?: readonly Type<Job>[];
  readonly startUp?: readonly Type<StartUp>[];
  /** Empties the broker's own dead-letter queue; one service does. */
  readonly drainsDeadLetters?: boolean;
}

export const defineService = (definition: ServiceDefinition): ServiceDefinition => definition;

/** The door to the outside: speaks HTTP, has no tables and answers no calls. */
export interface GatewayDefinition {
  readonly name: 'gateway';
  readonly create: (transport: Pick<Transport, 'rpc' | 'broker'>) => Promise<INestApplication>;
}
