import '../shared/env-file.ts';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildIfStale } from '../shared/build.ts';
import { fail, run } from '../shared/console.ts';
import { startEmbeddedPostgres } from '../shared/embedded-postgres.ts';
import { isReachable, missingServers, SERVERS } from '../shared/servers.ts';
import { chaos, check, jest, type Count } from './steps.ts';

const PARTS = ['lint', 'types', 'unit', 'integration', 'e2e', 'faults', 'chaos'] as const;
type Part = (typeof PARTS)[number];

/** What has to hold just so with two of everything: with one system for all files, and with one for each. */
const TWICE = {
  'e2e/(announcements|notifications|realtime-(pushes|sessions)|rooms.*).e2e': 'shared',
  'e2e/(mail|poison|replay).e2e': 'own',
};

const total: Count = { passed: 0, failed: 0 };
const notRun: string[] = [];

// npm test [-- --only unit] [-- --only e2e --topology distributed]
await run(async () => {
  const { values } = parseArgs({
    options: { only: { type: 'string', multiple: true }, topology: { type: 'string' } },
  });
  const only = values.only ?? [...PARTS];
  const unknown = only.find((name) => !PARTS.includes(name as Part));
  if (unknown !== undefined) fail(`There is no part "${unknown}". The parts are ${PARTS.join(', ')}.`);
  buildIfStale();
  process.env['TEST_RUN'] = randomBytes(4).toString('hex');
  process.env['MESSAGING_NAMESPACE'] = `test-${process.env['TEST_RUN']}`;

  if (only.includes('lint')) await lint();
  if (only.includes('types')) add(await check('Types', 'typescript/bin/tsc', '--project', 'tsconfig.json'));
  if (only.includes('unit')) add(await jest('Unit tests', 'unit'));
  if (only.includes('integration')) await integration();
  if (only.includes('e2e')) await endToEnd(values.topology);
  if (only.includes('faults')) await onOwnServers('the fault tests', () => jest('Fault tests', 'faults'));
  if (only.includes('chaos'))
    await onOwnServers('the chaos tests', () => chaos('Chaos, the short selection'));
  report();
});

async function lint(): Promise<void> {
  const cache = ['--cache', '--cache-location', '.nx/eslintcache'];
  add(await check('Lint', 'eslint/bin/eslint.js', '.', ...cache));
  add(await check('Format', 'prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'));
}

async function integration(): Promise<void> {
  // Tests that need a broker or Redis say so by their file or folder name.
  const missing = (await missingServers()).filter((server) => server !== SERVERS.postgres);
  for (const server of missing) skip(`the integration tests of ${server.name}`, server.remedy);
  const ignore = missing.map((server) => `[/.-]${server.name.toLowerCase()}[^/]*(/.*)?\\.itest\\.ts$`);
  const { url, stop } = await openPostgres();
  try {
    add(await jest('Integration tests', 'integration', { env: { DATABASE_URL: url }, ignore }));
  } finally {
    const { dropTestDatabases } = await import('@order-system/prisma/testing/test-database');
    await dropTestDatabases(url, process.env['TEST_RUN'] ?? '');
    await stop();
  }
}

/** The PostgreSQL at DATABASE_URL, else an embedded one for the length of the run. */
async function openPostgres(): Promise<{ url: string; stop: () => Promise<void> }> {
  const { url } = SERVERS.postgres;
  if (await isReachable(url)) return { url, stop: async () => undefined };
  const folder = mkdtempSync(join(tmpdir(), 'order-system-test-'));
  chmodSync(folder, 0o755);
  const postgres = await startEmbeddedPostgres(join(folder, 'postgres'), 'order_system');
  const stop = async () => {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { url: postgres.url, stop };
}

async function endToEnd(topology: string | undefined): Promise<void> {
  const run = (name: string) => jest(`End-to-end tests, ${name}`, 'e2e', { env: { TOPOLOGY: name } });
  if (topology !== 'distributed') add(await run('embedded'));
  if (topology === 'embedded') return;
  const missing = await missingServers();
  for (const server of missing) skip(`the distributed end-to-end tests (no ${server.name})`, server.remedy);
  if (missing.length > 0) return;
  add(await run('distributed'));
  for (const [only, SYSTEM] of Object.entries(TWICE)) {
    const env = { TOPOLOGY: 'distributed', TWINS: '1', SYSTEM };
    const title = `End-to-end tests, two gateways and two of every service, ${SYSTEM} system`;
    add(await jest(title, 'e2e', { env, only, inTurn: true }));
  }
}

/** What happens when processes and servers die: on servers of the tests' own, never on those above. */
async function onOwnServers(what: string, test: () => Promise<Count>): Promise<void> {
  const { missingPrograms } = await import('@order-system/testing/servers');
  const missing = missingPrograms();
  for (const { name, remedy } of missing) skip(`${what} (no ${name})`, remedy);
  if (missing.length === 0) add(await test());
}

function skip(what: string, remedy: string): void {
  notRun.push(`Not run: ${what}. To run them: ${remedy}`);
  if (process.env['CI'] === 'true') total.failed++;
}

function add({ passed, failed }: Count): void {
  total.passed += passed;
  total.failed += failed;
}

function report(): void {
  console.log('');
  for (const line of notRun) console.log(line);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed === 0 ? 0 : 1;
}
