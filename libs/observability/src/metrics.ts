import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What this process measures; one registry, also where several services share the process. */
export const registry = new Registry();

let areDefaultsOn = false;

/** Memory, event loop lag, garbage collection. Safe to call again. */
export function measureProcess(): void {
  if (areDefaultsOn) return;
  areDefaultsOn = true;
  collectDefaultMetrics({ register: registry });
}

export const counter = <L extends string>(name: string, help: string, labelNames: L[]): Counter<L> =>
  new Counter({ name, help, labelNames, registers: [registry] });

export const gauge = <L extends string>(name: string, help: string, labelNames: L[]): Gauge<L> =>
  new Gauge({ name, help, labelNames, registers: [registry] });

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** A histogram of seconds. */
export const seconds = <L extends string>(name: string, help: string, labelNames: L[]): Histogram<L> =>
  new Histogram({ name, help, labelNames, buckets: SECONDS, registers: [registry] });

export const httpServerSeconds = seconds('http_server_seconds', 'HTTP requests by route and status', [
  'method',
  'route',
  'status',
]);
export const rpcServerSeconds = seconds('rpc_server_seconds', 'Calls answered', ['call', 'outcome']);
export const rpcClientSeconds = seconds('rpc_client_seconds', 'Calls made, waiting included', [
  'call',
  'outcome',
]);
export const eventHandledTotal = counter('event_handled_total', 'Events handled', ['consumer', 'outcome']);
export const eventHandledSeconds = seconds('event_handled_seconds', 'Time to handle an event', ['consumer']);
export const eventsPublishedTotal = counter('events_published_total', 'Events confirmed by the transport', [
  'service',
]);
export const outboxDepth = gauge('outbox_depth', 'Events that wait to be published', ['service']);
export const deadLetterTotal = counter('dead_letter_total', 'Events a consumer gave up on', ['consumer']);
export const jobSeconds = seconds('job_seconds', 'Runs of timed jobs', ['job', 'outcome']);
