import '../shared/environment.ts';
import { randomBytes } from 'node:crypto';
import { buildIfStale } from '../shared/build.ts';
import { fail, readOptions, run } from '../shared/console.ts';
import { chaos, check, jest, type Count } from './steps.ts';
import { openServers, type TestServers } from './test-servers.ts';

const PARTS = ['lint', 'types', 'unit', 'integration', 'e2e', 'faults', 'chaos', 'bench'] as const;
type Part = (typeof PARTS)[number];

const TOPOLOGIES = ['embedded', 'distributed'] as const;
type Topology = (typeof TOPOLOGIES)[number];

/** What has to hold just so with two of everything: with one system for all files, and with one for each. */
const TWICE = {
  'e2e/(announcements|notifications|realtime-(pushes|sessions)|rooms.*).e2e': 'shared',
  'e2e/(mail|poison|replay).e2e': 'own',
};

const total: Count = { passed: 0, failed: 0 };
const notRun: string[] = [];

// npm test [-- --only unit] [-- --only e2e --topology distributed]
await run(async () => {
  const values = readOptions({ only: { type: 'string', multiple: true }, topology: { type: 'string' } });
  const only = values.only ?? [...PARTS];
  const unknown = only.find((name) => !PARTS.includes(name as Part));
  if (unknown !== undefined) fail(`There is no part "${unknown}". The parts are ${PARTS.join(', ')}.`);
  const { topology = TOPOLOGIES[0] } = values;
  if (!TOPOLOGIES.includes(topology as Topology))
    fail(`There is no topology "${topology}". They are ${TOPOLOGIES.join(', ')}.`);
  await buildIfStale();
  process.env['TEST_RUN'] = randomBytes(4).toString('hex');
  process.env['MESSAGING_NAMESPACE'] = `test-${process.env['TEST_RUN']}`;

  if (only.includes('lint')) await lint();
  if (only.includes('types'))
    add(await check('Types', 'node_modules/typescript/bin/tsc', '--project', 'tsconfig.json'));
  if (only.includes('unit')) add(await jest('Unit tests', 'unit'));
  const topologies = only.includes('e2e') ? TOPOLOGIES.filter((one) => one === (values.topology ?? one)) : [];
  await onServers(only.includes('integration'), topologies);
  if (only.includes('faults')) await onOwnServers('the fault tests', () => jest('Fault tests', 'faults'));
  if (only.includes('chaos'))
    await onOwnServers('the chaos tests', () => chaos('Chaos, the short selection'));
  // What it measures in so short a time says nothing; that it runs, and that no request fails, does.
  if (only.includes('bench')) add(await check('Bench, in short', 'tools/bench/main.ts', '--seconds', '1'));
  report();
});

async function lint(): Promise<void> {
  const cache = ['--cache', '--cache-location', '.nx/eslintcache'];
  add(await check('Lint', 'node_modules/eslint/bin/eslint.js', '.', ...cache));
  add(await check('Format', 'node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'));
}

async function onServers(hasIntegration: boolean, topologies: readonly Topology[]): Promise<void> {
  const servers = hasIntegration || topologies.includes('distributed') ? await openServers() : undefined;
  try {
    if (servers && hasIntegration) await integration(servers);
    if (topologies.includes('embedded')) await endToEndEmbedded();
    if (servers && topologies.includes('distributed')) await endToEndDistributed(servers);
  } finally {
    await servers?.stop();
  }
}

async function integration({ env, missing }: TestServers): Promise<void> {
  for (const server of missing) skip(`the integration tests of ${server.name}`, server.remedy);
  // Tests that need a broker or Redis say so by their file or folder name.
  const ignore = missing.map((server) => `[/.-]${server.name.toLowerCase()}[^/]*(/.*)?\\.itest\\.ts$`);
  try {
    add(await jest('Integration tests', 'integration', { env, ignore }));
  } finally {
    const { dropTestDatabases } = await import('@order-system/prisma/testing/test-database');
    await dropTestDatabases(env['DATABASE_URL'] ?? '', process.env['TEST_RUN'] ?? '');
  }
}

async function endToEndEmbedded(): Promise<void> {
  add(await jest('End-to-end tests, embedded', 'e2e', { env: { TOPOLOGY: 'embedded' } }));
}

async function endToEndDistributed(servers: TestServers): Promise<void> {
  for (const server of servers.missing)
    skip(`the distributed end-to-end tests (no ${server.name})`, server.remedy);
  if (servers.missing.length > 0) return;
  const env = { ...servers.env, TOPOLOGY: 'distributed' };
  add(await jest('End-to-end tests, distributed', 'e2e', { env }));
  for (const [only, SYSTEM] of Object.entries(TWICE)) {
    const title = `End-to-end tests, two gateways and two of every service, ${SYSTEM} system`;
    add(await jest(title, 'e2e', { env: { ...env, TWINS: '1', SYSTEM }, only, inTurn: true }));
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
