import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../shared/console.ts';
import type { OracleId } from './fault.ts';
import { ORACLES } from './oracles/all.ts';
import { inSeconds } from './report.ts';
import type { Outcome } from './run-fault.ts';
import type { Controlled } from './runner.ts';

const FILE = join(ROOT, 'docs/reliability.md');
const [BEGIN, END] = ['<!-- chaos: begin -->', '<!-- chaos: end -->'];

interface Results {
  readonly outcomes: readonly Outcome[];
  readonly controls: readonly Controlled[];
  readonly notRun: readonly string[];
  readonly seed: string;
  readonly seconds: number;
  /** Of the servers that it ran on. */
  readonly servers: string;
}

/** Replaces the last run's report. */
export function writeReport(results: Results): void {
  const text = readFileSync(FILE, 'utf8');
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${FILE} has no place for the report: ${BEGIN} ... ${END}`);
  writeFileSync(FILE, `${text.slice(0, from)}${BEGIN}\n\n${markdownOf(results)}\n\n${text.slice(to)}`);
}

function markdownOf({ outcomes, controls, notRun, seed, seconds, servers }: Results): string {
  return [
    `${new Date().toISOString().slice(0, 10)}, commit ${commit()}, seed \`${seed}\`, ${seconds} s of harm unless the fault needs more.`,
    `${machine()}; ${servers}.`,
    '',
    ...faultTable(outcomes),
    '',
    ...notRun.map((line) => `* ${line}.`),
    ...allowances(outcomes),
    ...broken(outcomes),
    ...controlTable(controls),
  ]
    .join('\n')
    .trimEnd();
}

function faultTable(outcomes: readonly Outcome[]): string[] {
  const head = ['fault', '', 'orders', 'requests', 'slowest', 'normal after', 'at rest after'];
  const ids = ORACLES.map(({ id }) => id);
  const rows = outcomes.map((outcome) => [
    outcome.fault.id,
    outcome.fault.title,
    outcome.orders,
    outcome.requests,
    inSeconds(outcome.slowestMs),
    inSeconds(outcome.healthyMs),
    inSeconds(outcome.drainedMs),
    ...ids.map((id) => cellOf(outcome, id)),
  ]);
  return table([...head, ...ids], rows);
}

function cellOf({ verdicts }: Outcome, id: OracleId): string {
  const verdict = verdicts.find((one) => one.id === id);
  if (verdict === undefined) return '';
  const { findings, allowed, isBroken } = verdict;
  if (isBroken) return `**${findings.length}**`;
  return allowed === 0 ? '0' : `${findings.length} of ${allowed}`;
}

function allowances(outcomes: readonly Outcome[]): string[] {
  const lines = outcomes.flatMap(({ fault }) =>
    Object.entries(fault.allowed ?? {}).map(([id, { because }]) => ({
      id: fault.id,
      line: `${id}: ${because}`,
    })),
  );
  const byLine = Map.groupBy(lines, ({ line }) => line);
  return [...byLine]
    .map(([line, all]) => `* ${all.map(({ id }) => id).join(', ')}: allowed at ${line}.`)
    .concat('');
}

function broken(outcomes: readonly Outcome[]): string[] {
  const lines = outcomes.flatMap(({ fault, verdicts, checks }) => [
    ...verdicts
      .filter(({ isBroken }) => isBroken)
      .map(({ id, findings }) => `* **${fault.id}, ${id}**: ${findings[0]}`),
    ...checks.map((line) => `* **${fault.id}**: ${line}`),
  ]);
  return lines.length === 0 ? [] : ['Broken:', '', ...lines, ''];
}

function controlTable(controls: readonly Controlled[]): string[] {
  if (controls.length === 0) return [];
  const rows = controls.map(({ control, verdicts, isSeen }) => [
    control.id,
    control.title,
    control.seenBy,
    verdicts
      .filter(({ isBroken }) => isBroken)
      .map(({ id, findings }) => `${id} (${findings.length})`)
      .join(', ') || 'nobody',
    isSeen ? 'yes' : '**no**',
  ]);
  return table(['control', 'what was taken out', 'has to be found by', 'was found by', 'as it should'], rows);
}

const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] => [
  `| ${head.join(' | ')} |`,
  `| ${head.map(() => '---').join(' | ')} |`,
  ...rows.map((row) => `| ${row.join(' | ')} |`),
];

function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--untracked-files=no', '--', 'apps', 'libs', 'tools');
  return `${git('rev-parse', '--short', 'HEAD')}${changed === '' ? '' : ' and changes'}`;
}

function machine(): string {
  const [{ model } = { model: 'unknown processor' }] = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} x ${model.trim()}, ${gigabytes} GB, ${platform()} ${release().split('-')[0]}, Node ${process.versions.node}`;
}
