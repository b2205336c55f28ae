import { z } from 'zod';

/** What a service can be asked: a query may be retried by the caller, a command only under an idempotency key. */
export interface Call<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType> {
  /** `<service>.<verb>`; the part before the dot names the service and its queue. */
  readonly name: string;
  readonly kind: 'query' | 'command';
  readonly input: I;
  readonly output: O;
}

/** A fact of the past, stored for ever and told to whoever subscribed. */
export interface EventContract<D extends z.ZodType = z.ZodType> {
  readonly type: string;
  readonly version: number;
  readonly data: D;
}

/** Inside the program: money in minor units, times as Date. */
export type CallInput<C extends Call> = z.output<C['input']>;
export type CallOutput<C extends Call> = z.output<C['output']>;
/** On a wire (HTTP, message, table): money as people write it, times as ISO 8601 text. */
export type WireOutput<C extends Call> = z.input<C['output']>;
export type EventData<E extends EventContract> = z.output<E['data']>;

const CALL_NAME = /^[a-z]+\.[a-zA-Z]+$/;
const EVENT_TYPE = /^[a-z]+(\.[a-z-]+)+$/;

export function defineCall<I extends z.ZodType, O extends z.ZodType>(
  name: string,
  shape: { kind: 'query' | 'command'; input: I; output: O },
): Call<I, O> {
  if (!CALL_NAME.test(name)) throw new Error(`"${name}" is no call name: write it as "service.verb"`);
  return { name, ...shape };
}

export function defineEvent<D extends z.ZodType>(type: string, version: number, data: D): EventContract<D> {
  if (!EVENT_TYPE.test(type)) throw new Error(`"${type}" is no event type: write it as "order.created"`);
  return { type, version, data };
}

/** The service that answers a call, which is also the name of its queue. */
export const serviceOf = (call: Call): string => call.name.slice(0, call.name.indexOf('.'));

/** `order.created.v1`: what the event is published under. */
export const routingKey = (event: { type: string; version: number }): string =>
  `${event.type}.v${event.version}`;
