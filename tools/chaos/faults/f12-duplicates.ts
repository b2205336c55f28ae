import { routingKey } from '@order-system/contracts/define';
import { EVENTS } from '@order-system/contracts/event-registry';
import { standBetween } from '@order-system/messaging/testing/stand-between';
import { allSubscriptions } from '@order-system/testing/subscriptions';
import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from '../fault.ts';

const COPIES = 3;
/** Longer than the first steps of the ladder: late copies meet events that are being tried again. */
const MOST_WAIT_MS = 10_000;

/** Each message comes three times, each copy after a time of its own, so hardly anything comes in order. */
export const f12: Fault = {
  id: 'F12',
  title: 'every message three times, shuffled and late',
  async inject({ broker, random, seconds, log }) {
    const consumers = (await allSubscriptions()).map(({ name, types }) => ({
      name,
      keys: EVENTS.filter(({ type }) => types.includes(type)).map(routingKey),
    }));
    const waits = () => Array.from({ length: COPIES }, () => random.next() * MOST_WAIT_MS);
    const between = await standBetween(broker, consumers, waits);
    await pause(seconds * 1000);
    await between.stop();
    log(`${between.seen} messages came ${COPIES} times`);
  },
};
