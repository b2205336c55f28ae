import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from '../fault.ts';
import { SECOND_MAILS } from './second-mails.ts';

/** Half of it on the way there, half on the way back. */
const LATENCY_MS = 300;
const RESET_EVERY_MS = 5000;

/** One dependency after the other, in an order of the seed's: slow, cut off, silent, and gone without a word. */
export const f19: Fault = {
  id: 'F19',
  title: 'slow, broken, silent and half-open connections to each dependency',
  atLeastSeconds: 75,
  allowed: SECOND_MAILS,
  async inject({ proxies, random, seconds, normal, log }) {
    const left = Object.keys(proxies) as (keyof typeof proxies)[];
    const each = (seconds * 1000) / left.length;
    while (left.length > 0) {
      const [name] = left.splice(random.below(left.length), 1);
      const proxy = proxies[name!];
      await proxy.latency(LATENCY_MS / 2);
      await pause(each * 0.25);
      await proxy.pass();
      for (let passed = 0; passed < each * 0.25; passed += RESET_EVERY_MS) {
        proxy.reset();
        await pause(Math.min(RESET_EVERY_MS, each * 0.25));
      }
      proxy.halfOpen();
      await pause(each * 0.15);
      await proxy.blackhole();
      await pause(each * 0.35);
      await proxy.pass();
      await normal();
      log(`${name}: slow, reset, half-open and silent for ${Math.round(each / 1000)} s in all`);
    }
  },
};
