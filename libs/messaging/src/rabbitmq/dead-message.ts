import type { ConsumeMessage } from 'amqplib';
import type { DeadMessage } from '../broker.js';
import { parseContent } from './parse-content.js';
import { MOST_DELIVERIES, names } from './topology.js';

interface Death {
  queue: string;
}

/** What the broker tells of a message it gave up on. The newest death comes first; delays count as deaths too. */
export function deadMessage(namespace: string, { content, properties }: ConsumeMessage): DeadMessage {
  const headers = (properties.headers ?? {}) as Record<string, unknown>;
  const deaths = (headers['x-death'] ?? []) as Death[];
  const [before, after] = names(namespace).work('*').split('*') as [string, string];
  const work = deaths
    .map(({ queue }) => queue)
    .find((queue) => queue.startsWith(before) && queue.endsWith(after));
  const text = content.toString();
  return {
    consumer: work?.slice(before.length, work.length - after.length) ?? 'unknown',
    raw: parseContent(text),
    text,
    deliveries: Number(headers['x-delivery-count'] ?? MOST_DELIVERIES),
  };
}
