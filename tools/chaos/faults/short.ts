import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from '../fault.ts';
import { SECOND_MAILS } from './second-mails.ts';

const BROKER_GONE_MS = 20_000;
const GONE_MS = 5_000;

/** What fits into the tests: one load, and everything it leans on dies once. */
export const short: Fault = {
  id: 'SHORT',
  title: 'the broker, PostgreSQL (twice), Redis and a service are killed, one after the other',
  allowed: SECOND_MAILS,
  async inject({ servers, random, signal, normal }) {
    for (const [server, goneMs] of [
      ['rabbitmq', BROKER_GONE_MS],
      ['postgres', 0],
      ['postgres', GONE_MS],
      ['redis', GONE_MS],
    ] as const) {
      await servers[server].kill();
      await pause(goneMs);
      await servers[server].start();
      await normal();
    }
    signal(random.pick(['orders', 'payments', 'catalog']), 'SIGKILL');
  },
};
