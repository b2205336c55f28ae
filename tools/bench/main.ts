import '../shared/environment.ts';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { buildIfStale } from '../shared/build.ts';
import { fail, readOptions, run } from '../shared/console.ts';
import { endPrograms } from '../shared/program.ts';
import { missingServers } from '../shared/servers.ts';
import type { BenchResult } from './report.ts';
import type { TopologyResult } from './run-topology.ts';
import type { System, Topology } from './system.ts';

const WARM_UP_SHARE = 0.25;

let system: System | undefined;
let comparing: Promise<void> | undefined;
let stopping: Promise<never> | undefined;

// npm run bench [-- --topology embedded|distributed|both] [-- --seconds 8] [-- --json file]
// npm run bench -- --against <another checkout> [--launches 3] [--topology ...] [--seconds ...]
await run(async () => {
  const values = readOptions({
    topology: { type: 'string', default: 'both' },
    seconds: { type: 'string', default: '8' },
    json: { type: 'string' },
    against: { type: 'string' },
    launches: { type: 'string', default: '3' },
  });
  const seconds = Number(values.seconds);
  if (!(seconds > 0 && seconds <= 3_600)) fail(`"${values.seconds}" is no number of seconds.`);
  const wanted = topologiesOf(values.topology);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop());
  process.on('disconnect', () => void stop());
  process.channel?.unref();
  try {
    if (values.against !== undefined) return await compare(values.against, { ...values, seconds });
    await buildIfStale();
    const result = await bench(wanted, seconds);
    const { printReport } = await import('./report.ts');
    printReport(result);
    console.log(`\n${JSON.stringify(result)}`);
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result, null, 2)}\n`);
    process.exitCode = hasErrors(result) ? 1 : 0;
  } catch (error) {
    // What fails because of a Ctrl-C is no news.
    await stopping;
    if (system !== undefined) console.error(system.takeOutput());
    throw error;
  } finally {
    await system?.remove();
  }
});

async function compare(
  other: string,
  { launches, topology, seconds }: { launches: string; topology: string; seconds: number },
): Promise<void> {
  const count = Number(launches);
  if (!(Number.isInteger(count) && count > 0)) fail(`"${launches}" is no number of launches.`);
  const { compareWith } = await import('./against.ts');
  const options = ['--topology', topology, '--seconds', String(seconds)];
  comparing = compareWith({ other, launches: count, options });
  await comparing;
}

function topologiesOf(text: string): Topology[] {
  if (text === 'both') return ['embedded', 'distributed'];
  if (text === 'embedded' || text === 'distributed') return [text];
  return fail(`There is no topology "${text}". Remedy: --topology embedded, distributed or both`);
}

async function bench(wanted: readonly Topology[], seconds: number): Promise<BenchResult> {
  const [{ System }, { runTopology }, { runYardsticks }] = await Promise.all([
    import('./system.ts'),
    import('./run-topology.ts'),
    import('./yardsticks.ts'),
  ]);
  const settings = { seconds, warmUpSeconds: Math.max(1, seconds * WARM_UP_SHARE) };
  const notRun = wanted.includes('distributed') ? await missing() : [];
  const topologies: TopologyResult[] = [];
  for (const topology of wanted) {
    if (topology === 'distributed' && notRun.length > 0) continue;
    system = new System(topology);
    topologies.push(await runTopology(system, settings));
    await system.remove();
    system = undefined;
  }
  const yardsticks = await runYardsticks(settings);
  const [{ model } = { model: 'unknown processor' }, ...others] = cpus();
  return {
    at: new Date().toISOString(),
    node: process.versions.node,
    cpus: `${others.length + 1} x ${model.trim()}`,
    seconds,
    topologies,
    yardsticks,
    notRun,
  };
}

async function missing(): Promise<string[]> {
  return (await missingServers()).map(
    ({ name, remedy }) => `Not run: the distributed topology (no ${name}). To run it: ${remedy}`,
  );
}

function hasErrors({ topologies, yardsticks }: BenchResult): boolean {
  return [...topologies.flatMap(({ loads }) => loads), ...yardsticks].some(({ errors }) => errors > 0);
}

/** Ends the loads, stops the system and removes what it made. */
function stop(): Promise<never> {
  stopping ??= (async () => {
    console.error('\nCleaning up ...');
    const { endWorkers } = await import('./workers.ts');
    endWorkers();
    // Those of a comparison clean up for themselves.
    endPrograms();
    await comparing?.catch(() => undefined);
    await system?.remove();
    process.exit(130);
  })();
  return stopping;
}
