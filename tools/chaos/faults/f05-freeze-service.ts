import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from '../fault.ts';

/** The door is not among them: while it is frozen there is nobody to ask. */
const SERVICES = ['orders', 'payments', 'catalog', 'chat', 'notifications', 'events'];

export const f05: Fault = {
  id: 'F5',
  title: 'a service is frozen for longer than its leases, and goes on',
  atLeastSeconds: 45,
  async inject({ seconds, random, signal, log }) {
    const service = random.pick(SERVICES);
    signal(service, 'SIGSTOP');
    try {
      await pause(seconds * 1_000);
    } finally {
      signal(service, 'SIGCONT');
    }
    log(`froze ${service} for ${seconds} s`);
  },
};
