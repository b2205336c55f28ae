import type { INestApplication, INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { showBacklog } from '@order-system/messaging/backlog';
import { CatchUp, SETTLED_MS } from '@order-system/messaging/catch-up';
import type { Consumer } from '@order-system/messaging/consumer';
import { drainDeadLetters } from '@order-system/messaging/dead-letter-drain';
import { onDefect } from '@order-system/messaging/defects';
import { redeliverHandler } from '@order-system/messaging/redeliver';
import { Relay } from '@order-system/messaging/relay';
import { PassErrorsOn } from '@order-system/messaging/rpc-server';
import { Subscriber } from '@order-system/messaging/subscriber';
import type { Spy } from '@order-system/messaging/testing/spy';
import type { Transport } from '@order-system/messaging/transport';
import type { Check } from '@order-system/observability/health-server';
import { logger, NestLogger } from '@order-system/observability/logger';
import { Database } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';
import { HostModule } from './host.module.js';
import { JobRunner } from './job-runner.js';
import { Life } from './life.js';
import type { GatewayDefinition, ServiceDefinition } from './service.js';

/** Deliveries of a consumer at a time: what comes at once is applied at once. */
const PREFETCH = 64;

export interface Running {
  readonly name: string;
  readonly checks: Readonly<Record<string, Check>>;
  /** Tells the others of a defect that ends the process. */
  defect?(what: string): Promise<void>;
  close(): Promise<void>;
}

export interface StartOptions {
  transport: Transport;
  database: { url: string; poolSize: number };
  ladder: readonly number[];
  catchUpEveryMs: number;
  spy?: Spy;
}

/** Starts a service on a transport. What cannot be reached yet is reported by its checks, not by failing. */
export async function startService(definition: ServiceDefinition, options: StartOptions): Promise<Running> {
  const { name, jobs = [], startUp = [] } = definition;
  const log = logger(name);
  const { transport } = options;
  const db = new Database({
    ...options.database,
    service: name,
    onIdleError: (err) => log.warn({ err }, 'an idle database connection broke'),
  });
  const consumers = definition.consumers ?? [];
  const strategy = transport.rpcServer(name);
  const { handler, ...redelivery } = redeliverHandler(name, db, consumers);
  strategy.addHandler(redelivery.name, handler, false, redelivery.extras);
  const app = await NestFactory.createMicroservice(HostModule.around(definition, db, transport.rpc), {
    strategy,
    logger: new NestLogger(log),
    abortOnError: false,
  });
  app.useGlobalFilters(new PassErrorsOn());
  for (const type of startUp) await app.get(type, { strict: false }).run();
  const life = new Life(db, name);
  await life.begin();
  onDefect(name, (what, correlationId) => {
    life.defect(what, correlationId).catch((err: unknown) => log.warn({ err }, 'a defect could not be told'));
  });
  const relay = new Relay(db, transport.broker, name);
  if (transport.alone) await relay.reclaim();
  relay.start();
  const subscriptions = await Promise.all(consumers.map((one) => subscribe(one, db, options)));
  if (definition.drainsDeadLetters) subscriptions.push(await drainDeadLetters(db, transport.broker));
  await app.listen();
  const backlog = showBacklog(db, name, consumers);
  const runner = app.get(JobRunner, { strict: false });
  for (const type of jobs) runner.start(type, app.get(type, { strict: false }));

  return {
    name,
    checks: { database: () => db.query(sql`SELECT 1`).then(() => true), messages: () => transport.ready },
    defect: (what) => life.defect(what),
    close: () => stop({ app, runner, subscriptions, relay, backlog, db, life, log }),
  };
}

/** Starts the gateway and listens for HTTP. */
export async function startGateway(
  { name, create }: GatewayDefinition,
  transport: Transport,
  port: number,
): Promise<Running> {
  const app: INestApplication = await create(transport);
  // Node's own choice: all addresses, of IPv6 too where there is any. Fastify's would be localhost alone.
  await app.listen(port, '');
  return { name, checks: { messages: () => transport.ready }, close: () => app.close() };
}

interface Parts {
  app: INestMicroservice;
  runner: JobRunner;
  subscriptions: { close(): Promise<void> }[];
  relay: Relay;
  backlog: ReturnType<typeof showBacklog>;
  db: Database;
  life: Life;
  log: ReturnType<typeof logger>;
}

/** Takes no more work, finishes what is under way, publishes what it caused, then lets go of the database. */
async function stop({ app, runner, subscriptions, relay, backlog, db, life, log }: Parts): Promise<void> {
  const step = (what: string, work: Promise<unknown>) =>
    work.catch((err: unknown) => log.warn({ err, step: what }, 'a step of the shutdown failed'));
  await step('calls', app.close());
  await Promise.all([
    step('jobs', runner.stop()),
    ...subscriptions.map((one) => step('events', one.close())),
  ]);
  await step('announce', life.end());
  await step('relay', relay.stop());
  backlog.hide();
  await step('database', db.close());
}

async function subscribe(
  consumer: Consumer,
  db: Database,
  options: StartOptions,
): Promise<{ close(): Promise<void> }> {
  const { transport, ladder, catchUpEveryMs, spy } = options;
  const subscriber = new Subscriber({ db, consumer, ladder, spy });
  const catchUp = new CatchUp(db, consumer, subscriber, catchUpEveryMs);
  await catchUp.start(transport.alone ? 0 : SETTLED_MS);
  const queue = await transport.broker.subscribe(consumer, PREFETCH, (delivery) =>
    subscriber.receive(delivery),
  );
  return {
    close: async () => {
      subscriber.stop();
      await Promise.all([catchUp.stop(), queue.close()]);
    },
  };
}
