import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from '../fault.ts';
import { SECOND_MAILS } from './second-mails.ts';

const EVERY_MS = 5_000;

export const f01: Fault = {
  id: 'F1',
  title: 'a service is killed every 5 s',
  allowed: SECOND_MAILS,
  async inject({ seconds, random, pids, signal, log }) {
    const killed: string[] = [];
    for (const until = Date.now() + seconds * 1_000; Date.now() < until; await pause(EVERY_MS)) {
      const service = random.pick(Object.keys(pids()).sort());
      signal(service, 'SIGKILL');
      killed.push(service);
    }
    log(`killed ${killed.join(', ')}`);
  },
};
