import pg from 'pg';
import type { Job } from './jobs.ts';
import { pause, round, type Measurement } from './measure.ts';
import { prepare } from './prepare.ts';
import { cpuOf, type Memory, memoryOf } from '@order-system/testing/processes';
import type { System } from './system.ts';
import { load } from './workers.ts';

export interface LoadResult extends Measurement {
  readonly name: string;
  /** Processor time of all the system's processes for each thing done. */
  readonly cpuMsEach?: number | undefined;
  /** For each purchase. */
  readonly eventsEach?: number;
  readonly commitsEach?: number;
  /** The first of the warnings and errors that the system printed meanwhile. */
  readonly warnings?: readonly string[];
}

export interface TopologyResult {
  readonly topology: string;
  readonly processes: number;
  /** Seconds; the first start also makes the database. */
  readonly firstStart: number;
  readonly start: number;
  readonly idle: Memory | undefined;
  readonly afterLoad: Memory | undefined;
  readonly loads: LoadResult[];
}

export interface Settings {
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

const CONNECTIONS = 32;
const SHOPPERS = [1, 8, 32];
const SETTLE_MS = 3_000;
/**
 * Before the purchases are measured, in terms of the time for one number: V8 compiles what is called often, and a system
 * that has just been started takes a fifth to half as much time again for the same work, until some 3,000 purchases were
 * made.
 */
const WARMING = { shoppers: 32, times: 4 };
const SHOWN_WARNINGS = 5;

/** Measures everything there is to measure on one topology. */
export async function runTopology(system: System, settings: Settings): Promise<TopologyResult> {
  const { topology } = system;
  say(topology, 'starting, stopping and starting again');
  const firstStart = round(await system.start());
  await system.stop();
  const start = round(await system.start());
  const pids = system.pids;
  await pause(SETTLE_MS);
  const idle = memoryOf(pids);
  say(topology, 'making products and shoppers');
  const { products, tokens } = await prepare(system, Math.max(...SHOPPERS));

  const { url } = system;
  const loads: LoadResult[] = [];
  const list: Job = { kind: 'get', url, paths: ['/api/products?limit=20'] };
  const detail: Job = { kind: 'get', url, paths: products.map((id) => `/api/products/${id}`) };
  const buy: Job = { kind: 'purchase', url, tokens, products };
  const run = async (name: string, job: Job, lanes: number) => {
    say(topology, `${name}, ${lanes} at once`);
    loads.push(await measureLoad(name, job, { lanes, system, settings }));
  };
  await run('catalogue list', list, CONNECTIONS);
  await run('product detail', detail, CONNECTIONS);
  say(topology, 'purchases to warm up');
  await load(buy, { lanes: WARMING.shoppers, seconds: settings.seconds * WARMING.times, warmUpSeconds: 0 });
  for (const shoppers of SHOPPERS) await run('purchase', buy, shoppers);
  await pause(SETTLE_MS);
  const afterLoad = memoryOf(pids);
  const commits: Job = { kind: 'commits', databaseUrl: system.databaseUrl };
  for (const connections of [1, 8]) await run('single-row commits', commits, connections);
  return { topology, processes: pids.length, firstStart, start, idle, afterLoad, loads };
}

interface Around {
  readonly lanes: number;
  readonly system: System;
  readonly settings: Settings;
}

async function measureLoad(name: string, job: Job, { lanes, system, settings }: Around): Promise<LoadResult> {
  const isPurchase = job.kind === 'purchase';
  const pids = system.pids;
  const before = isPurchase ? await countsIn(system.databaseUrl) : undefined;
  const cpu = { from: cpuOf(pids) };
  const measured = await load(job, { lanes, ...settings, onStart: () => (cpu.from = cpuOf(pids)) });
  const cpuMs = job.kind === 'commits' ? undefined : difference(cpu.from, cpuOf(pids));
  const cpuMsEach = cpuMs === undefined ? undefined : round(cpuMs / Math.max(1, measured.done));
  const warnings = system.takeOutput().split('\n').filter(Boolean).slice(0, SHOWN_WARNINGS);
  if (before === undefined) return { name, ...measured, cpuMsEach, warnings };
  const after = await countsIn(system.databaseUrl);
  const orders = Math.max(1, after.orders - before.orders);
  return {
    name,
    ...measured,
    cpuMsEach,
    warnings,
    eventsEach: round((after.events - before.events) / orders),
    commitsEach: round((after.commits - before.commits) / orders),
  };
}

function difference(from: number | undefined, to: number | undefined): number | undefined {
  return from === undefined || to === undefined ? undefined : to - from;
}

interface Counts {
  readonly events: number;
  readonly orders: number;
  readonly commits: number;
}

/** After a moment in which what is under way ends, and PostgreSQL's own counters arrive. */
async function countsIn(connectionString: string): Promise<Counts> {
  await pause(1_500);
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const { rows } = await client.query<Counts>(`
      SELECT count(*)::int AS events, (count(*) FILTER (WHERE type = 'order.created'))::int AS orders,
        (SELECT xact_commit::int FROM pg_stat_database WHERE datname = current_database()) AS commits
      FROM events.event`);
    return rows[0] ?? { events: 0, orders: 0, commits: 0 };
  } finally {
    await client.end();
  }
}

function say(topology: string, what: string): void {
  console.error(`${topology}: ${what} ...`);
}
