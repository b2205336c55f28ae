import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '@order-system/messaging/testing/eventually';
import { type Crash, crash } from '@order-system/testing/crash';
import type { Rig } from './fault.ts';
import type { Load } from './load/load.ts';
import type { Random } from './random.ts';
import type { Stage } from './stage.ts';

const READY_WITHIN_MS = 60_000;
const SERVICES = 9;

/** What a fault did to the processes: ends that are no surprise. */
export interface Harm {
  readonly pids: Set<number>;
  isDoorHarmed: boolean;
  readonly notes: string[];
  /** How long it took each time until service was normal again, in ms; undefined when it never was. */
  readonly recoveries: (number | undefined)[];
}

interface RigOptions {
  readonly seconds: number;
  readonly random: Random;
  readonly load: Load;
  readonly harm: Harm;
}

/** What a fault gets of the stage. */
export function rigOn(stage: Stage, { seconds, random, load, harm }: RigOptions): Rig {
  const { platform, servers, proxies, db, admin, secrets, smtp } = stage;
  const victim = (service: string) => {
    const pid = platform.pids()[service];
    if (pid !== undefined) harm.pids.add(pid);
    if (service === 'gateway') harm.isDoorHarmed = true;
    return pid;
  };
  const ready = () => whenReady(stage);
  return {
    seconds,
    random,
    platform,
    servers,
    proxies,
    db,
    admin,
    secrets,
    ready,
    url: platform.url,
    broker: { url: servers.rabbitmq.url, namespace: platform.broker.namespace },
    shopper: () => load.shopper(),
    staff: () => load.staff(),
    mails: () => smtp.received,
    pids: () => platform.pids(),
    victim,
    signal: (service, signal) => {
      const pid = victim(service);
      if (pid !== undefined) process.kill(pid, signal);
    },
    normal: () => recover(stage, load, harm),
    restart: async (service, env) => {
      victim(service);
      await platform.restart(service, env);
    },
    crash: (planned, provoke) => crashWith(stage, victim, planned, provoke),
    log: (line) => {
      harm.notes.push(line);
      console.log(`    ${line}`);
    },
  };
}

async function crashWith(
  { platform }: Stage,
  victim: (service: string) => number | undefined,
  planned: Crash,
  provoke: () => unknown,
): Promise<void> {
  victim(planned.service);
  let watching = true;
  // The process that is to die is known only once it runs.
  const look = (async () => {
    while (watching) {
      victim(planned.service);
      await pause(200);
    }
  })();
  try {
    await crash(platform, planned, provoke);
  } finally {
    watching = false;
    await look;
  }
}

/** Waits until a new customer's purchase is through. */
export async function recover(stage: Stage, load: Load, harm: Harm): Promise<void> {
  const from = performance.now();
  try {
    await whenReady(stage);
    await load.purchase();
    harm.recoveries.push(performance.now() - from);
  } catch (error) {
    harm.recoveries.push(undefined);
    load.problems.push(`no purchase went through after the harm: ${String(error)}`);
  }
}

/** Resolves when all processes are there and the gateway hears from each service. */
async function whenReady({ platform }: Stage): Promise<void> {
  await eventually(async () => {
    const running = Object.keys(platform.pids()).length;
    if (running < SERVICES) throw new Error(`only ${running} processes run`);
    const answer = await fetch(`${platform.url}/api/health`, { signal: AbortSignal.timeout(5_000) });
    if (!answer.ok) throw new Error(`health: ${answer.status} ${await answer.text()}`);
  }, READY_WITHIN_MS);
}
