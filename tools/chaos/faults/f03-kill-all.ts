import { setTimeout as pause } from 'node:timers/promises';
import type { Fault, Rig } from '../fault.ts';
import { SECOND_MAILS } from './second-mails.ts';

/** Some are up again by then, some are not. */
const MID_RECOVERY_MS = 2_000;

export const f03: Fault = {
  id: 'F3',
  title: 'all services are killed at once, and again while they recover',
  allowed: SECOND_MAILS,
  async inject(rig) {
    killAll(rig);
    await pause(MID_RECOVERY_MS);
    killAll(rig);
    await rig.ready();
  },
};

function killAll({ pids, signal }: Rig): void {
  for (const service of Object.keys(pids())) signal(service, 'SIGKILL');
}
