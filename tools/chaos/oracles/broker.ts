import { setTimeout as pause } from 'node:timers/promises';
import { deadLetters } from '@order-system/testing/oracle';
import { type Evidence, linesOf, type Oracle } from './oracle.ts';

interface Queue {
  readonly name: string;
  readonly messages: number;
  readonly consumers: number;
}

const LOOKS = 5;

export const leftovers: Oracle = {
  id: 'O8',
  title: 'nothing is dead, unrouted or left in a queue',
  look: async (evidence) => {
    let queues = await queuesOf(evidence);
    // The broker counts now and then only.
    for (let look = 1; look < LOOKS && queues.some(({ messages }) => messages > 0); look += 1) {
      await pause(2_000);
      queues = await queuesOf(evidence);
    }
    const full = queues.filter(({ messages }) => messages > 0);
    return {
      counted: `${queues.length} queues`,
      findings: [
        ...full.map(({ name, messages }) => `${name} holds ${messages} messages`),
        ...(await deadLetters(evidence.db)),
      ],
    };
  },
};

export const consumers: Oracle = {
  id: 'O12',
  title: 'each work queue has its consumer',
  look: async (evidence) => {
    const expected = await linesOf(evidence.db, 'SELECT consumer AS violation FROM events.consumer_cursor');
    const queues = await queuesOf(evidence);
    const consumed = new Set(queues.filter((queue) => queue.consumers > 0).map(({ name }) => name));
    return {
      counted: `${expected.length} consumers`,
      findings: expected
        .filter((name) => !consumed.has(`${evidence.namespace}.${name}.v1`))
        .map((name) => `nobody consumes the queue of ${name}`),
    };
  },
};

async function queuesOf({ servers, namespace }: Evidence): Promise<Queue[]> {
  const text = await servers.rabbitmqctl(
    ...['-q', 'list_queues', '--formatter', 'json', 'name', 'messages', 'consumers'],
  );
  // What a gateway that was killed had of its own ends a minute later, with what it holds.
  const isWork = ({ name, consumers }: Queue) =>
    name.startsWith(`${namespace}.`) && (consumers > 0 || !name.startsWith(`${namespace}.gateway.pushes.`));
  return (JSON.parse(text) as Queue[]).filter(isWork);
}
