import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from '../fault.ts';

export const f07: Fault = {
  id: 'F7',
  title: 'the broker is frozen',
  atLeastSeconds: 60,
  async inject({ servers, seconds, log }) {
    servers.rabbitmq.signal('SIGSTOP');
    try {
      await pause(seconds * 1_000);
    } finally {
      servers.rabbitmq.signal('SIGCONT');
    }
    log(`for ${seconds} s`);
  },
};
