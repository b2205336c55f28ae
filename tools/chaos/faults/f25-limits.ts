import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { eventually } from '@order-system/messaging/testing/eventually';
import { APPS } from '../../start/plan.ts';
import type { Fault, Rig } from '../fault.ts';

const HOG = pathToFileURL(`${import.meta.dirname}/../memory-hog.mjs`).href;
const HEAP_MB = 96;
const DEAD_WITHIN_MS = 60_000;

export const f25: Fault = {
  id: 'F25',
  title: 'processes may open nothing more, then run out of memory',
  missing: () =>
    process.platform === 'linux' && spawnSync('prlimit', ['--version']).status === 0
      ? undefined
      : { name: 'prlimit', remedy: 'run it on Linux, with util-linux' },
  async inject(rig) {
    await withoutDescriptors(rig);
    await rig.normal();
    for (const service of APPS) await runOutOfMemory(rig, service);
  },
};

/** First they get none besides those they have, then none instead of those they lose either. */
async function withoutDescriptors(rig: Rig): Promise<void> {
  const limited = APPS.flatMap((service) => {
    const pid = rig.victim(service);
    return pid === undefined
      ? []
      : [{ service, pid, before: limitOf(pid), open: readdirSync(`/proc/${pid}/fd`).length }];
  });
  const printed = rig.platform.output().length;
  for (const { pid, open } of limited) setLimit(pid, open);
  rig.log(`descriptors: ${limited.map(({ service, open }) => `${service} ${open}`).join(', ')}`);
  await pause((rig.seconds * 1000) / 3);
  for (const { pid, open } of limited) setLimit(pid, Math.floor(open / 2));
  await rig.servers.rabbitmqctl('-q', 'close_all_connections', 'chaos');
  await rig.db.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name <> 'chaos'`);
  await pause((rig.seconds * 1000) / 3);
  for (const { pid, before } of limited) setLimit(pid, before);
  if (!rig.platform.output().slice(printed).includes('EMFILE')) throw new Error('nobody lacked a descriptor');
}

/** How many descriptors a process may have. */
const limitOf = (pid: number): string =>
  prlimit(pid, '--nofile', '--output', 'SOFT', '--noheadings', '--raw').trim();

/** The hard limit stays, so that the soft one can be raised again. */
const setLimit = (pid: number, most: number | string): string => prlimit(pid, `--nofile=${most}:`);

const prlimit = (pid: number, ...args: string[]): string =>
  execFileSync('prlimit', ['--pid', String(pid), ...args], { encoding: 'utf8' });

async function runOutOfMemory({ platform, victim, restart, ready }: Rig, service: string): Promise<void> {
  const before = platform.output().length;
  await restart(service, { NODE_OPTIONS: `--max-old-space-size=${HEAP_MB} --import=${HOG}` });
  victim(service);
  await eventually(() => {
    const said = platform.output().slice(before);
    if (!said.includes('heap out of memory')) throw new Error(`${service} has not run out of memory`);
  }, DEAD_WITHIN_MS);
  await ready();
}
