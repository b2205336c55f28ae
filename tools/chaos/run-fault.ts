import { setTimeout as pause } from 'node:timers/promises';
import { changesWithoutEvents } from '@order-system/testing/oracle';
import { allSubscriptions } from '@order-system/testing/subscriptions';
import { Watch } from '@order-system/testing/watch';
import { drain } from './drain.ts';
import type { Fault, OracleId } from './fault.ts';
import { Load } from './load/load.ts';
import { Memory } from './memory.ts';
import { ORACLES } from './oracles/all.ts';
import type { Evidence, Verdict } from './oracles/oracle.ts';
import type { Random } from './random.ts';
import { type Harm, recover, rigOn } from './rig.ts';
import type { Stage } from './stage.ts';

const WARM_PURCHASES = 4;
const TAIL_MS = 3_000;
const NORMAL_WITHIN_MS = 30_000;

export interface Judged extends Verdict {
  readonly id: OracleId;
  readonly title: string;
  readonly allowed: number;
  readonly because: string | undefined;
  readonly isBroken: boolean;
}

export interface Outcome {
  readonly fault: Fault;
  readonly seconds: number;
  readonly notes: readonly string[];
  readonly requests: number;
  readonly orders: number;
  readonly slowestMs: number;
  /** From the end of a harm until a new customer's purchase was through, at most; undefined when it never was. */
  readonly healthyMs: number | undefined;
  /** From the end of the load until nothing was under way any more; undefined when that took too long. */
  readonly drainedMs: number | undefined;
  readonly verdicts: readonly Judged[];
  /** What the fault's own check found. */
  readonly checks: readonly string[];
  readonly isBroken: boolean;
}

/** Harms a running system under load, lets it come to rest, and asks everybody what became of it. */
export async function runFault(
  stage: Stage,
  fault: Fault,
  { seconds, random }: { seconds: number; random: Random },
): Promise<Outcome> {
  const { platform, admin, databaseUrl, smtp } = stage;
  const printed = platform.output().length;
  const load = new Load({ url: platform.url, admin, random: random.of('load') });
  const harm: Harm = { pids: new Set(), isDoorHarmed: false, notes: [], recoveries: [] };
  const rig = rigOn(stage, { seconds, random, load, harm });
  const moments = new Watch(databaseUrl, changesWithoutEvents);
  const memory = new Memory(platform);
  try {
    await load.start();
    await load.warm(WARM_PURCHASES);
    memory.beginAnew();
    await fault.inject(rig);
    await recover(stage, load, harm);
    await pause(TAIL_MS);
    const over = performance.now();
    await load.finish();
    const isDrained = await drain(stage);
    await load.sendStaffHome();
    const drainedMs = isDrained ? performance.now() - over : undefined;
    const evidence: Evidence = {
      db: stage.db,
      servers: stage.servers,
      namespace: platform.broker.namespace,
      subscriptions: await allSubscriptions(),
      mails: smtp.received,
      shoppers: load.everybody,
      history: load.history,
      problems: load.problems,
      output: platform.output().slice(printed),
      harmed: harm.pids,
      isDoorHarmed: harm.isDoorHarmed,
      passing: moments.violations,
      grownMb: memory.grownMb(),
    };
    const verdicts = await judge(fault, evidence, stage.known);
    const checks = [...slowRecoveries(harm), ...((await fault.check?.(rig)) ?? [])];
    return {
      fault,
      seconds,
      drainedMs,
      verdicts,
      checks,
      notes: harm.notes,
      healthyMs: slowest(harm),
      requests: load.history.length,
      orders: new Set(load.everybody.flatMap((shopper) => shopper.acknowledged())).size,
      slowestMs: Math.max(...load.history.map(({ ms }) => ms)),
      isBroken: checks.length > 0 || verdicts.some(({ isBroken }) => isBroken),
    };
  } finally {
    load.abandon();
    await moments.stop();
    await memory.stop();
  }
}

const slowRecoveries = ({ recoveries }: Harm): string[] =>
  recoveries
    .filter((ms) => ms !== undefined && ms > NORMAL_WITHIN_MS)
    .map((ms) => `service was normal only after ${Math.round(ms ?? 0)} ms`);

/** Undefined when it never was normal again. */
const slowest = ({ recoveries }: Harm): number | undefined =>
  recoveries.includes(undefined) ? undefined : Math.max(...recoveries.map((ms) => ms ?? 0));

/** What was wrong before the fault is not counted again. */
async function judge(fault: Fault, evidence: Evidence, known: Set<string>): Promise<Judged[]> {
  const verdicts: Judged[] = [];
  for (const { id, title, look } of ORACLES) {
    const { counted, findings: all } = await look(evidence);
    const findings = all.filter((line) => !known.has(line));
    for (const line of findings) known.add(line);
    const { atMost: allowed = 0, because, only = /^/ } = fault.allowed?.[id] ?? {};
    const isBroken = findings.length > allowed || findings.some((line) => !only.test(line));
    verdicts.push({ id, title, counted, findings, allowed, because, isBroken });
  }
  return verdicts;
}
