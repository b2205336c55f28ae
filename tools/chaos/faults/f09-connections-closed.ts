import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '@order-system/messaging/testing/eventually';
import type { Fault, Rig } from '../fault.ts';
import { closeOne, KINDS } from './channels.ts';

const EVERY_MS = 3_000;
/** So often each kind of channel is closed at least. */
const TURNS = 2;
const BACK_WITHIN_MS = 15_000;

interface Queue {
  readonly name: string;
  readonly consumers: number;
}

let violations: string[] = [];

export const f09: Fault = {
  id: 'F9',
  title: 'the broker closes all connections every 3 s, then single channels',
  async inject(rig) {
    const { servers, seconds, log } = rig;
    violations = [];
    const consumed = (await queuesOf(rig)).filter(({ consumers }) => consumers > 0).map(({ name }) => name);
    const half = (seconds * 1_000) / 2;
    let times = 0;
    for (const until = Date.now() + half; Date.now() < until; await pause(EVERY_MS)) {
      await servers.rabbitmqctl('-q', 'close_all_connections', 'chaos');
      times += 1;
    }
    log(`all connections ${times} times; consumers were back ${await back(rig, consumed)}`);

    const printed = rig.platform.output().length;
    const until = Date.now() + half;
    for (let turn = 0; turn < TURNS * KINDS.length || Date.now() < until; turn += 1) {
      await closeOne(rig, KINDS[turn % KINDS.length]!);
      await pause(EVERY_MS);
    }
    const closed = channelsClosed(rig, printed);
    log(`channels of ${closed.join(', ')}; consumers were back ${await back(rig, consumed)}`);
    for (const { name, said } of KINDS)
      if (!closed.some((channel) => said.test(channel))) violations.push(`no ${name} lost its channel`);
  },
  check: async () => violations,
};

/** The channels that services say were closed, by the names that they give them. */
function channelsClosed({ platform }: Rig, since: number): string[] {
  const lines = platform
    .output()
    .slice(since)
    .matchAll(/"channel":"([^"]+)".*NOT_FOUND/g);
  return [...lines].map(([, name = '']) => name);
}

/** When the last queue had its consumer again. */
async function back(rig: Rig, consumed: readonly string[]): Promise<string> {
  const from = performance.now();
  try {
    await eventually(async () => {
      const queues = await queuesOf(rig);
      const left = consumed.filter(
        (name) => !queues.some((queue) => queue.name === name && queue.consumers > 0),
      );
      if (left.length > 0) throw new Error(`nobody consumes ${left.join(', ')}`);
    }, BACK_WITHIN_MS);
  } catch (error) {
    violations.push(`${String(error)} after ${BACK_WITHIN_MS} ms`);
  }
  return `after ${((performance.now() - from) / 1_000).toFixed(1)} s`;
}

async function queuesOf({ servers }: Rig): Promise<Queue[]> {
  const text = await servers.rabbitmqctl('-q', 'list_queues', '--formatter', 'json', 'name', 'consumers');
  return JSON.parse(text) as Queue[];
}
