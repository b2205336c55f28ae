import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fail, printTable, ROOT } from '../shared/console.ts';
import { runProgram } from '../shared/program.ts';
import type { BenchResult } from './report.ts';

interface Comparison {
  /** The folder of another checkout. */
  readonly other: string;
  readonly launches: number;
  /** What each bench is told. */
  readonly options: readonly string[];
}

/**
 * Runs the bench of another checkout and of this one in turn: two launches of the same version differ by 5 % and more for
 * as long as they run, so that one of each shows nothing smaller.
 */
export async function compareWith({ other, launches, options }: Comparison): Promise<void> {
  const versions = [
    { folder: resolve(other), results: [] as BenchResult[] },
    { folder: ROOT, results: [] as BenchResult[] },
  ] as const;
  const [before, now] = versions;
  if (!existsSync(join(before.folder, 'tools/bench/main.ts')))
    fail(`${before.folder} has no bench. Remedy: git worktree add <folder> <commit>, and npm ci in it`);
  for (let launch = 1; launch <= launches; launch += 1) {
    // Whoever comes second finds the machine warmer.
    for (const { folder, results } of launch % 2 === 1 ? versions : versions.toReversed()) {
      console.error(`launch ${launch} of ${launches}: ${folder} ...`);
      results.push(await bench(folder, options));
    }
  }
  printTable(['', 'before', 'now', 'ratio'], ratios(before.results, now.results));
}

async function bench(folder: string, options: readonly string[]): Promise<BenchResult> {
  const scratch = await mkdtemp(join(tmpdir(), 'order-system-against-'));
  try {
    const json = join(scratch, 'bench.json');
    const args = [join(folder, 'tools/bench/main.ts'), ...options, '--json', json];
    const { status, output } = await runProgram(process.execPath, args, { cwd: folder });
    if (status !== 0) fail(`The bench of ${folder} failed. Remedy: run it by itself. It said:\n${output}`);
    return JSON.parse(readFileSync(json, 'utf8')) as BenchResult;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A row for each figure: what it is, its median and span before and now, and the ratio of the medians. */
export function ratios(before: readonly BenchResult[], now: readonly BenchResult[]): string[][] {
  const [old, young] = [collect(before), collect(now)];
  return [...young].flatMap(([name, figures]) => {
    const others = old.get(name);
    if (others === undefined) return [];
    return [[name, spread(others), spread(figures), (median(figures) / median(others)).toFixed(2)]];
  });
}

function collect(results: readonly BenchResult[]): Map<string, number[]> {
  const all = new Map<string, number[]>();
  for (const [name, figure] of results.flatMap(figuresOf))
    if (figure !== undefined) all.set(name, [...(all.get(name) ?? []), figure]);
  return all;
}

const figuresOf = ({ topologies }: BenchResult): [string, number | undefined][] =>
  topologies.flatMap(({ topology, start, afterLoad, loads }) => [
    ...loads.flatMap(({ name, lanes, perSecond, cpuMsEach }): [string, number | undefined][] => [
      [`${topology}: ${name}, ${lanes} at once, per second`, perSecond],
      [`${topology}: ${name}, ${lanes} at once, CPU ms each`, cpuMsEach],
    ]),
    [`${topology}: ready after, s`, start],
    [`${topology}: memory after load, MB`, afterLoad?.pssMb],
  ]);

const spread = (figures: readonly number[]): string =>
  `${median(figures).toFixed(2)} (${Math.min(...figures)} to ${Math.max(...figures)})`;

/** Of an even number of figures the mean of the two in the middle. */
function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2;
}
