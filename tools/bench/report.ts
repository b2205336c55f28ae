import { printTable } from '../shared/console.ts';
import type { Latency } from './measure.ts';
import type { Memory } from '@order-system/testing/processes';
import type { LoadResult, TopologyResult } from './run-topology.ts';

export interface BenchResult {
  readonly at: string;
  readonly node: string;
  readonly cpus: string;
  readonly seconds: number;
  readonly topologies: readonly TopologyResult[];
  readonly yardsticks: readonly LoadResult[];
  readonly notRun: readonly string[];
}

const HEAD = ['', 'at once', 'per second', 'p50 ms', 'p99 ms', 'errors', 'CPU ms each'];

export function printReport(result: BenchResult): void {
  console.log(`\n${result.cpus}, Node ${result.node}, ${result.seconds} s each`);
  for (const topology of result.topologies) printTopology(topology);
  console.log('\nYardsticks');
  printTable(HEAD, result.yardsticks.flatMap(rowsOf));
  result.yardsticks.forEach(printErrors);
  for (const line of result.notRun) console.log(`\n${line}`);
}

function printTopology(result: TopologyResult): void {
  const { topology, processes, start, firstStart, idle, afterLoad, loads } = result;
  console.log(`\n${topology[0]?.toUpperCase()}${topology.slice(1)}, ${processes} processes`);
  console.log(`  ready after ${start} s; with a new database ${firstStart} s`);
  console.log(`  memory idle ${describe(idle)}, after load ${describe(afterLoad)}`);
  printTable(HEAD, loads.flatMap(rowsOf));
  for (const load of loads.filter(({ eventsEach }) => eventsEach !== undefined)) printPurchase(load);
  loads.forEach(printErrors);
}

function rowsOf(load: LoadResult): string[][] {
  const { name, lanes, perSecond, errors, cpuMsEach = '' } = load;
  const { all, placing } = load.latency;
  const times = (latency: Latency | undefined) => [latency?.p50 ?? '-', latency?.p99 ?? '-'].map(String);
  const row = [name, String(lanes), String(perSecond), ...times(all), String(errors), String(cpuMsEach)];
  return placing === undefined ? [row] : [row, ['  its POST /orders', '', '', ...times(placing)]];
}

function printPurchase({ lanes, done, counts, eventsEach, commitsEach }: LoadResult): void {
  const requests = ((counts['requests'] ?? 0) / Math.max(1, done)).toFixed(1);
  console.log(
    `  each purchase, ${lanes} at once: ${requests} requests, ${eventsEach} events, ${commitsEach} commits`,
  );
}

function printErrors({ name, lanes, errors, firstErrors, warnings = [] }: LoadResult): void {
  if (errors > 0) console.log(`  ${name}, ${lanes} at once: ${errors} errors, the first:`);
  for (const error of firstErrors) console.log(`    ${error}`);
  if (warnings.length > 0) console.log(`  ${name}, ${lanes} at once: the system said:`);
  for (const warning of warnings) console.log(`    ${warning.slice(0, 300)}`);
}

function describe(memory: Memory | undefined): string {
  return memory === undefined ? 'unknown' : `${memory.pssMb} MB (PSS; RSS ${memory.rssMb} MB)`;
}
