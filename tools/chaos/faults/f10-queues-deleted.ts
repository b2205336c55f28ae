import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from '../fault.ts';
import { consumedAgain, consumedOf, queuesOf } from './queues.ts';

const EVERY_MS = 500;
const BACK_WITHIN_MS = 30_000;

/** What was in them, and what came before they were there again, consumers find in the log of events. */
export const f10: Fault = {
  id: 'F10',
  title: 'each queue is emptied under load, then each is deleted',
  async inject(rig) {
    const queues = await queuesOf(rig);
    for (const how of ['purge_queue', 'delete_queue'])
      for (const { name } of queues) {
        await rig.servers.rabbitmqctl('-q', how, name);
        await pause(EVERY_MS);
      }
    const back = await consumedAgain(rig, consumedOf(queues), BACK_WITHIN_MS);
    rig.log(`${queues.length} queues; they had their consumers again ${back}`);
  },
};
