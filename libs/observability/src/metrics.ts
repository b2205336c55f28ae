import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { logger } from './logger.js';

const log = logger('metrics');

/** What this process measures; one registry, also where several services share the process. */
export const registry = new Registry();

/** Each look at the event loop wakes an idle process: at Node's own 10 ms nine of them took a twentieth of a core. */
const LOOK_EVERY_MS = 100;

let areDefaultsOn = false;

/** Memory, event loop lag, garbage collection. Safe to call again. */
export function measureProcess(): void {
  if (areDefaultsOn) return;
  areDefaultsOn = true;
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOK_EVERY_MS });
}

const counter = <L extends string>(name: string, help: string, labelNames: L[]): Counter<L> =>
  new Counter({ name, help, labelNames, registers: [registry] });

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const seconds = <L extends string>(name: string, help: string, labelNames: L[]): Histogram<L> =>
  new Histogram({ name, help, labelNames, buckets: SECONDS, registers: [registry] });

interface Level<L extends string> {
  readonly labels: Record<L, string>;
  readonly value: number;
}

/** How much there is of something, looked up whenever somebody asks; by each service in the process. */
class Levels<L extends string> {
  private readonly sources = new Set<() => Promise<Level<L>[]>>();

  constructor(
    private readonly name: string,
    help: string,
    labelNames: L[],
  ) {
    const collect = async () => {
      const found = await Promise.all([...this.sources].map((source) => this.ask(source)));
      // Only now: somebody else may look at the same time.
      gauge.reset();
      for (const { labels, value } of found.flat()) gauge.set(labels, value);
    };
    const gauge: Gauge<L> = new Gauge({ name, help, labelNames, registers: [registry], collect });
  }

  /** Returns how to leave it out from now on. */
  from(source: () => Promise<Level<L>[]>): () => void {
    this.sources.add(source);
    return () => void this.sources.delete(source);
  }

  /** What cannot be told at the moment is absent, not zero. */
  private async ask(source: () => Promise<Level<L>[]>): Promise<Level<L>[]> {
    try {
      return await source();
    } catch (err) {
      log.warn({ metric: this.name, err }, 'a metric cannot be told');
      return [];
    }
  }
}

export const httpServerSeconds = seconds('http_server_seconds', 'HTTP requests by route and status', [
  'method',
  'route',
  'status',
]);
export const rpcServerSeconds = seconds(
  'rpc_server_seconds',
  'Calls answered: OK, or the code of the error',
  ['call', 'outcome'],
);
export const rpcClientSeconds = seconds(
  'rpc_client_seconds',
  'Calls made, with all waiting; each try is one',
  ['call', 'outcome'],
);
export const eventHandledSeconds = seconds(
  'event_handled_seconds',
  'Deliveries, from their arrival until something became of them',
  ['consumer', 'outcome'],
);
export const eventsPublishedTotal = counter('events_published_total', 'Events that the broker has taken', [
  'service',
]);
export const outboxEvents = new Levels('outbox_events', 'Events that wait to be published', ['service']);
export const deadLetters = new Levels('dead_letters', 'What was given up on and waits for staff', [
  'consumer',
]);
export const jobSeconds = seconds('job_seconds', 'Runs of timed jobs', ['job', 'outcome']);
