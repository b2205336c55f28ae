import type { Channel } from 'amqplib';
import type { Consumer } from '../consumer.js';

/** The names of one deployment's exchanges and queues; deployments on one broker differ in their namespace. */
export const names = (namespace: string) => ({
  events: `${namespace}.events`,
  unrouted: `${namespace}.unrouted`,
  deadLetters: `${namespace}.dead-letters`,
  delay: (ms: number) => `${namespace}.delay.${ms}ms`,
  work: (consumer: string) => `${namespace}.${consumer}.v1`,
  /** The exchange for what every process of a kind is told; when none runs nobody is. */
  all: (consumer: string) => `${namespace}.${consumer}`,
  /** The queue of one of them. */
  own: (consumer: string, process: string) => `${namespace}.${consumer}.${process}`,
  /** Where an older version kept what all were told, for all of them. */
  log: (consumer: string) => `${namespace}.${consumer}.log`,
});

const QUORUM = { 'x-queue-type': 'quorum' };
const KEPT = { ...QUORUM, 'x-max-length': 100_000 };
/** A message that leaves a queue by itself arrives before it is removed; a full queue refuses instead of dropping. */
const SAFELY = { 'x-dead-letter-strategy': 'at-least-once', 'x-overflow': 'reject-publish' };
/** Deliveries after which the broker, not a consumer, gives up: only crash loops get there. */
export const MOST_DELIVERIES = 50;

/** What all services share: declared by each, the same every time. */
export async function declareShared(
  channel: Channel,
  namespace: string,
  ladder: readonly number[],
): Promise<void> {
  const { events, unrouted, deadLetters, delay } = names(namespace);
  await channel.assertExchange(unrouted, 'fanout', { durable: true });
  await channel.assertQueue(unrouted, { durable: true, arguments: { ...QUORUM, 'x-max-length': 10_000 } });
  await channel.bindQueue(unrouted, unrouted, '');
  await channel.assertExchange(events, 'topic', { durable: true, alternateExchange: unrouted });
  await channel.assertExchange(deadLetters, 'fanout', { durable: true });
  await channel.assertQueue(deadLetters, { durable: true, arguments: KEPT });
  await channel.bindQueue(deadLetters, deadLetters, '');
  for (const ms of new Set(ladder)) {
    await channel.assertExchange(delay(ms), 'fanout', { durable: true });
    // No dead-letter routing key: a message keeps the one it came with, which is the work queue it returns to.
    const back = { 'x-message-ttl': ms, 'x-dead-letter-exchange': '' };
    await channel.assertQueue(delay(ms), { durable: true, arguments: { ...KEPT, ...SAFELY, ...back } });
    await channel.bindQueue(delay(ms), delay(ms), '');
  }
}

/** It outlives a lost connection and a restart of the broker, and goes when its process does not come back. */
const OWN = { 'x-queue-type': 'classic', 'x-expires': 60_000, 'x-max-length-bytes': 100_000_000 };

/** A consumer's queue and what it is told. Returns the queue's name. */
export async function declareQueue(channel: Channel, namespace: string, consumer: Consumer): Promise<string> {
  const { events, deadLetters, work } = names(namespace);
  const queue = work(consumer.name);
  const dead = { 'x-dead-letter-exchange': deadLetters, 'x-delivery-limit': MOST_DELIVERIES };
  await channel.assertQueue(queue, { durable: true, arguments: { ...KEPT, ...SAFELY, ...dead } });
  for (const key of consumer.subscriptions.keys()) await channel.bindQueue(queue, events, key);
  return queue;
}

/** One process's own queue, for what all of its kind are told. Returns the queue's name. */
export async function declareOwnQueue(
  channel: Channel,
  { namespace, consumer, process }: { namespace: string; consumer: Consumer; process: string },
): Promise<string> {
  const { events, all, own, work, log } = names(namespace);
  const exchange = all(consumer.name);
  const queue = own(consumer.name, process);
  // Older versions had one for all: it would be written for nobody, or fill up and then refuse everything.
  for (const former of [work(consumer.name), log(consumer.name)]) await channel.deleteQueue(former);
  await channel.assertExchange(exchange, 'fanout', { durable: true });
  for (const key of consumer.subscriptions.keys()) await channel.bindExchange(exchange, events, key);
  await channel.assertQueue(queue, { durable: true, arguments: OWN });
  await channel.bindQueue(queue, exchange, '');
  return queue;
}
