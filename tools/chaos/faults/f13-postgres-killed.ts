import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from '../fault.ts';
import { startAgain } from './start-again.ts';

const GONE_MS = 5_000;

export const f13: Fault = {
  id: 'F13',
  title: 'PostgreSQL is restarted without warning, then its postmaster is killed and gone',
  async inject({ servers: { postgres }, ready }) {
    await postgres.kill();
    await postgres.start();
    await ready();
    await postgres.kill('SIGKILL');
    await pause(GONE_MS);
    await startAgain(postgres);
  },
};
