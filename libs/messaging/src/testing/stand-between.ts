import { setTimeout as pause } from 'node:timers/promises';
import { type ConfirmChannel, connect, type ConsumeMessage } from 'amqplib';
import { names } from '../rabbitmq/topology.js';

/** Consumers bind their queues again now and then. */
const UNBIND_EVERY_MS = 200;

export interface Between {
  /** How many messages came by so far. */
  readonly seen: number;
  /** Lets everything go its own way again; resolves when all that was kept back has been handed on. */
  stop(): Promise<void>;
}

/**
 * Comes between the events and consumers' queues. Of each message so many copies go on as `waits` gives numbers, each
 * after so many milliseconds: more than one means duplicates, different ones another order.
 */
export async function standBetween(
  { url, namespace }: { url: string; namespace: string },
  consumers: readonly { readonly name: string; readonly keys: readonly string[] }[],
  waits: () => readonly number[],
): Promise<Between> {
  const connection = await connect(url);
  const channel = await connection.createConfirmChannel();
  const { events, work } = names(namespace);
  const mine = (name: string) => `${namespace}.between.${name}`;
  let seen = 0;
  let kept = 0;
  const take = async (message: ConsumeMessage, to: string) => {
    seen += 1;
    kept += 1;
    await Promise.all(waits().map((ms) => pause(ms).then(() => send(channel, to, message))));
    channel.ack(message);
    kept -= 1;
  };
  const comeBetween = async () => {
    for (const { name, keys } of consumers)
      for (const key of keys) await channel.unbindQueue(work(name), events, key);
  };
  for (const { name, keys } of consumers) {
    await channel.assertQueue(mine(name), { exclusive: true });
    for (const key of keys) await channel.bindQueue(mine(name), events, key);
    await channel.consume(mine(name), (message) => message && void take(message, work(name)));
  }
  let coming = comeBetween();
  await coming;
  const timer = setInterval(() => (coming = coming.then(comeBetween)), UNBIND_EVERY_MS);
  const stop = async () => {
    clearInterval(timer);
    await coming;
    for (const { name, keys } of consumers) {
      for (const key of keys) await channel.bindQueue(work(name), events, key);
      for (const key of keys) await channel.unbindQueue(mine(name), events, key);
    }
    for (const { name } of consumers)
      while (kept > 0 || (await channel.checkQueue(mine(name))).messageCount > 0) await pause(20);
    await connection.close();
  };
  return {
    get seen() {
      return seen;
    },
    stop,
  };
}

/** Resolves when the broker has it. */
const send = (channel: ConfirmChannel, to: string, { content, properties }: ConsumeMessage): Promise<void> =>
  new Promise((resolve, reject) =>
    channel.sendToQueue(to, content, properties, (err) => (err ? reject(err as Error) : resolve())),
  );
