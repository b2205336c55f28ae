import 'reflect-metadata';
import { ConfigError, readConfig } from '@order-system/config/config';
import { setShopCurrency } from '@order-system/contracts/money';
import { defectText } from '@order-system/messaging/defects';
import { localTransport, rabbitTransport, type Transport } from '@order-system/messaging/transport';
import { type HealthServer, startHealthServer } from '@order-system/observability/health-server';
import { logger } from '@order-system/observability/logger';
import { measureProcess, registry } from '@order-system/observability/metrics';
import { hostBlock } from './host.config.js';
import type { GatewayDefinition, ServiceDefinition } from './service.js';
import { type Running, startGateway, startService, type StartOptions } from './start-service.js';

const log = logger('host');
const PATIENCE_MS = 9000;
/** A defect is told of before the process ends, unless that takes longer. */
const LAST_WORDS_MS = 500;
/** EX_CONFIG of sysexits.h: to start this process again is of no use before its configuration was changed. */
const CONFIG_UNUSABLE = 78;

type HostConfig = ReturnType<typeof readHostConfig>;
const readHostConfig = () => readConfig(hostBlock);

type Definition = ServiceDefinition | GatewayDefinition;

/** The main function of a service's own process. */
export const runService = (definition: Definition): Promise<void> =>
  run([definition], (config) =>
    rabbitTransport({
      url: config.AMQP_URL,
      namespace: config.MESSAGING_NAMESPACE,
      ladder: config.RETRY_LADDER,
      service: definition.name,
    }),
  );

/** The main function of the process that holds all services; the gateway comes last. */
export const runTogether = (definitions: readonly Definition[]): Promise<void> =>
  run(definitions, localTransport);

async function run(
  definitions: readonly Definition[],
  connect: (config: HostConfig) => Transport,
): Promise<void> {
  const running: Running[] = [];
  dieOnDefects(running);
  try {
    const config = readHostConfig();
    setShopCurrency(config.CURRENCY);
    measureProcess();
    const transport = connect(config);
    for (const definition of definitions) running.push(await start(definition, transport, config));
    const health = await serveHealth(config.HEALTH_PORT, running);
    onSignals(async () => {
      for (const one of running.reverse()) await one.close();
      await transport.close();
      await health.close();
    });
    log.info({ services: running.map(({ name }) => name), port: health.port }, 'started');
  } catch (err) {
    if (err instanceof ConfigError) {
      log.fatal(err.message);
      process.exit(CONFIG_UNUSABLE);
    }
    log.fatal({ err }, 'could not start');
    process.exit(1);
  }
}

/** A supervisor hears where; its port may have been taken since it looked, and then any other one will do. */
async function serveHealth(wanted: number, running: Running[]): Promise<HealthServer> {
  const serve = (at: number) => startHealthServer({ port: at, checks: checksOf(running), registry });
  const health = await serve(wanted).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE' || process.send === undefined) throw error;
    return serve(0);
  });
  process.send?.({ healthPort: health.port });
  return health;
}

function start(definition: Definition, transport: Transport, config: HostConfig): Promise<Running> {
  if ('create' in definition) return startGateway(definition, transport, config.PORT);
  const options: StartOptions = {
    transport,
    database: { url: config.DATABASE_URL, poolSize: config.DATABASE_POOL },
    ladder: config.RETRY_LADDER,
    catchUpEveryMs: config.CATCH_UP_EVERY,
  };
  return startService(definition, options);
}

/** One process's checks: those of its services under their names when there are several. */
const checksOf = (running: Running[]) =>
  Object.fromEntries(
    running.flatMap(({ name, checks }) =>
      Object.entries(checks).map(([what, check]) => [running.length > 1 ? `${name}.${what}` : what, check]),
    ),
  );

/** A defect nobody handled leaves the process in an unknown state: it ends, and its supervisor starts it anew. */
function dieOnDefects(running: readonly Running[]): void {
  let dying = false;
  for (const kind of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(kind, (err: unknown) => {
      log.fatal({ err, kind }, 'a defect ends this process');
      if (dying) process.exit(1);
      dying = true;
      setTimeout(() => process.exit(1), LAST_WORDS_MS);
      const teller = running.find(({ defect }) => defect !== undefined);
      const told = teller?.defect?.(defectText(kind, err)) ?? Promise.resolve();
      told.then(
        () => process.exit(1),
        () => process.exit(1),
      );
    });
}

function onSignals(close: () => Promise<void>): void {
  let closing = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      if (closing) return;
      closing = true;
      log.info({ signal }, 'stopping');
      setTimeout(() => {
        log.error('the shutdown took too long');
        process.exit(1);
      }, PATIENCE_MS).unref();
      close().then(
        () => sayDrained(() => process.exit(0)),
        (err: unknown) => {
          log.error({ err }, 'the shutdown failed');
          process.exit(1);
        },
      );
    });
}

/** A supervisor hears it before the end, which takes seconds more when Node writes its cache of compiled code. */
function sayDrained(then: () => void): void {
  if (process.send === undefined) then();
  else process.send({ isDrained: true }, then);
}
