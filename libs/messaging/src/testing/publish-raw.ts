import { connect } from 'amqplib';
import { names } from '../rabbitmq/topology.js';

/** Puts anything at all into a consumer's queue, past all that would check it. Resolves once the broker has it. */
export async function publishRaw(
  { url, namespace }: { url: string; namespace: string },
  consumer: string,
  contents: readonly string[],
): Promise<void> {
  const connection = await connect(url);
  const channel = await connection.createConfirmChannel();
  for (const content of contents) channel.sendToQueue(names(namespace).work(consumer), Buffer.from(content));
  await channel.waitForConfirms();
  await connection.close();
}

/** Tells of something that no consumer has asked for; resolves with what is kept of it, which is then removed. */
export async function publishUnasked(
  { url, namespace }: { url: string; namespace: string },
  key: string,
  content: string,
): Promise<string | undefined> {
  const { events, unrouted } = names(namespace);
  const connection = await connect(url);
  const channel = await connection.createConfirmChannel();
  channel.publish(events, key, Buffer.from(content));
  await channel.waitForConfirms();
  const kept = await channel.get(unrouted, { noAck: true });
  await connection.close();
  return kept ? kept.content.toString() : undefined;
}
