import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../shared/console.ts';

export interface Count {
  passed: number;
  failed: number;
}

/** Some ten times what the longest of them takes. One that hangs has failed, and does not hold up the others. */
const STEP_MS = 30 * 60_000;

/** A check that either holds or does not: counted as one. */
export async function check(title: string, script: string, ...args: string[]): Promise<Count> {
  console.log(`\n== ${title}`);
  const code = await execute([join(ROOT, script), ...args], {});
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** Runs a Jest project and counts its tests; a file that cannot be run counts as a failed test. */
export async function jest(title: string, project: string, options: JestOptions = {}): Promise<Count> {
  console.log(`\n== ${title}`);
  const report = join(tmpdir(), `jest-${process.pid}-${project}.json`);
  const ignored = (options.ignore ?? []).flatMap((pattern) => ['--testPathIgnorePatterns', pattern]);
  const code = await execute(
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      join(ROOT, 'node_modules/jest/bin/jest.js'),
      ...['--selectProjects', project, '--passWithNoTests', '--json', '--outputFile', report],
      ...(options.only === undefined ? [] : ['--testPathPatterns', options.only]),
      ...(options.inTurn ? ['--runInBand'] : []),
      ...(ignored.length > 0 ? [...ignored, '--testPathIgnorePatterns', '/node_modules/', '/dist/'] : []),
    ],
    options.env ?? {},
  );
  const count = readReport(report);
  // A set-up that fails leaves no failed test, and is no success.
  if (code !== 0 && count.failed === 0) count.failed = 1;
  return count;
}

/** Runs the short selection of `npm run chaos` and counts what its oracles say. */
export async function chaos(title: string): Promise<Count> {
  console.log(`\n== ${title}`);
  const report = join(tmpdir(), `chaos-${process.pid}.json`);
  const code = await execute([join(ROOT, 'tools/chaos/main.ts'), '--short', `--json=${report}`], {});
  if (!existsSync(report)) return { passed: 0, failed: 1 };
  const count: Count = JSON.parse(readFileSync(report, 'utf8'));
  rmSync(report);
  if (code !== 0 && count.failed === 0) count.failed = 1;
  return count;
}

interface JestOptions {
  /** A pattern of the files to run. */
  readonly only?: string;
  /** One file after the other, however many cores there are. */
  readonly inTurn?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly ignore?: readonly string[];
}

function readReport(file: string): Count {
  if (!existsSync(file)) return { passed: 0, failed: 0 };
  const report = JSON.parse(readFileSync(file, 'utf8'));
  rmSync(file);
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + report.numRuntimeErrorTestSuites + report.numPendingTests,
  };
}

function execute(args: string[], env: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      timeout: STEP_MS,
      killSignal: 'SIGKILL',
      env: { ...process.env, ...env },
      // Jest's --json also writes to standard output; the readable report is on standard error.
      stdio: ['ignore', args.includes('--json') ? 'ignore' : 'inherit', 'inherit'],
    });
    child.on('error', () => resolve(1));
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
