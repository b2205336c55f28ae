import { setTimeout as pause } from 'node:timers/promises';
import type { Fault, Rig } from '../fault.ts';
import { closeOne, KINDS } from './channels.ts';
import { consumedAgain, consumedOf, queuesOf } from './queues.ts';

const EVERY_MS = 3_000;
/** So often each kind of channel is closed at least. */
const TURNS = 2;
const BACK_WITHIN_MS = 15_000;

let violations: string[] = [];

export const f09: Fault = {
  id: 'F9',
  title: 'the broker closes all connections every 3 s, then single channels',
  async inject(rig) {
    const { servers, seconds, log } = rig;
    violations = [];
    const consumed = consumedOf(await queuesOf(rig));
    const half = (seconds * 1_000) / 2;
    let times = 0;
    for (const until = Date.now() + half; Date.now() < until; await pause(EVERY_MS)) {
      await servers.rabbitmqctl('-q', 'close_all_connections', 'chaos');
      times += 1;
    }
    log(
      `all connections ${times} times; consumers were back ${await consumedAgain(rig, consumed, BACK_WITHIN_MS)}`,
    );

    const printed = rig.platform.output().length;
    const until = Date.now() + half;
    for (let turn = 0; turn < TURNS * KINDS.length || Date.now() < until; turn += 1) {
      await closeOne(rig, KINDS[turn % KINDS.length]!);
      await pause(EVERY_MS);
    }
    const closed = channelsClosed(rig, printed);
    log(
      `channels of ${closed.join(', ')}; consumers were back ${await consumedAgain(rig, consumed, BACK_WITHIN_MS)}`,
    );
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
