import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from '../fault.ts';

const EVERY_MS = 3_000;

export const f09: Fault = {
  id: 'F9',
  title: 'the broker closes all connections every 3 s',
  async inject({ servers, seconds, log }) {
    let times = 0;
    for (const until = Date.now() + seconds * 1_000; Date.now() < until; await pause(EVERY_MS)) {
      await servers.rabbitmqctl('-q', 'close_all_connections', 'chaos');
      times += 1;
    }
    log(`${times} times`);
  },
};
