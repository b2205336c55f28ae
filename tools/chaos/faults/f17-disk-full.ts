import { setTimeout as pause } from 'node:timers/promises';
import type { Fault, Rig } from '../fault.ts';
import { SmallDisk } from '../small-disk.ts';
import { startAgain } from './start-again.ts';

const ROOM_MB = 300;
const MOST_LOGS = 40;
const GONE_MS = 5_000;

let violations: string[] = [];

/** Without room for a row a statement fails; without room for its log PostgreSQL stops, and does not start. */
export const f17: Fault = {
  id: 'F17',
  title: "PostgreSQL's disk is full, first for rows, then for its log",
  missing: () =>
    SmallDisk.isPossible()
      ? undefined
      : { name: 'right to mount a small disk', remedy: 'run it as root on Linux' },
  async inject(rig) {
    violations = [];
    const { postgres, cluster } = rig.servers;
    const disk = new SmallDisk(cluster);
    await postgres.kill();
    await disk.moveIn(ROOM_MB);
    try {
      await postgres.start();
      await rig.normal();
      const printed = rig.platform.output().length;
      await disk.fill();
      await pause(rig.seconds * 1_000);
      await disk.empty();
      await rig.normal();
      if (!rig.platform.output().slice(printed).includes('No space left'))
        violations.push('no service said that the disk was full');
      await disk.fill();
      rig.log(`PostgreSQL stopped at the ${await logsUntilItStops(rig)}th new file of its log`);
      await pause(GONE_MS);
      await disk.empty();
      await postgres.kill();
      await startAgain(postgres);
      await rig.normal();
    } finally {
      await postgres.kill();
      await disk.moveOut();
      await startAgain(postgres);
    }
  },
  check: async () => violations,
};

async function logsUntilItStops({ db }: Rig): Promise<number> {
  for (let count = 1; count <= MOST_LOGS; count += 1)
    try {
      await db.query(`SELECT pg_logical_emit_message(false, 'chaos', repeat('x', 100000)), pg_switch_wal()`);
    } catch {
      return count;
    }
  throw new Error(`PostgreSQL still had room for ${MOST_LOGS} files of its log`);
}
