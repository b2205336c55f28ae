import { setTimeout as pause } from 'node:timers/promises';
import type { Fault, Rig } from '../fault.ts';

const GONE_MS = 5_000;
const TRIES = 20;

export const f13: Fault = {
  id: 'F13',
  title: 'PostgreSQL is restarted without warning, then its postmaster is killed and gone',
  async inject({ servers, ready }) {
    await servers.postgres.kill();
    await servers.postgres.start();
    await ready();
    await servers.postgres.kill('SIGKILL');
    await pause(GONE_MS);
    await startAgain(servers);
  },
};

/** Processes of the killed one keep the data folder until they notice. */
async function startAgain({ postgres }: Rig['servers']): Promise<void> {
  for (let attempt = 1; ; attempt += 1)
    try {
      return await postgres.start();
    } catch (error) {
      if (attempt === TRIES) throw error;
      await pause(500);
    }
}
