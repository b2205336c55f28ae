import { eventually } from '@order-system/messaging/testing/eventually';
import type { Rig } from '../fault.ts';

interface Queue {
  readonly name: string;
  readonly consumers: number;
}

/** All that the broker has. */
export async function queuesOf({ servers }: Rig): Promise<Queue[]> {
  const text = await servers.rabbitmqctl('-q', 'list_queues', '--formatter', 'json', 'name', 'consumers');
  return JSON.parse(text) as Queue[];
}

export const consumedOf = (queues: readonly Queue[]): string[] =>
  queues.filter(({ consumers }) => consumers > 0).map(({ name }) => name);

/** Resolves with how long it took until each of the queues had its consumer again; throws when it takes too long. */
export async function consumedAgain(rig: Rig, names: readonly string[], withinMs: number): Promise<string> {
  const from = performance.now();
  await eventually(async () => {
    const consumed = consumedOf(await queuesOf(rig));
    const left = names.filter((name) => !consumed.includes(name));
    if (left.length > 0) throw new Error(`nobody consumes ${left.join(', ')} after ${withinMs} ms`);
  }, withinMs);
  return `after ${((performance.now() - from) / 1_000).toFixed(1)} s`;
}
