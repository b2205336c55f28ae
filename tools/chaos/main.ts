import '../shared/environment.ts';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { buildIfStale } from '../shared/build.ts';
import { fail, readOptions, run } from '../shared/console.ts';
import type { Control, Fault } from './fault.ts';
import type { Outcome } from './run-fault.ts';
import type { Controlled, Runner } from './runner.ts';

const SECONDS = 25;

interface Plan {
  readonly faults: readonly Fault[];
  readonly controls: readonly Control[];
  /** A line for each fault that this machine does not have what it takes for. */
  readonly notRun: readonly string[];
}

let runner: Runner | undefined;
let stopping: Promise<never> | undefined;

// npm run chaos [-- --fault F1,F6] [-- --seconds 25] [-- --seed abc] [-- --short] [-- --write] [-- --json file]
await run(async () => {
  const values = readOptions({
    fault: { type: 'string' },
    seconds: { type: 'string', default: String(SECONDS) },
    seed: { type: 'string', default: randomBytes(4).toString('hex') },
    short: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    json: { type: 'string' },
  });
  const { seed } = values;
  const seconds = Number(values.seconds);
  if (!(seconds > 0 && seconds <= 3_600)) fail(`"${values.seconds}" is no number of seconds.`);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop());
  process.on('disconnect', () => void stop());
  process.channel?.unref();
  await buildIfStale();
  const { missingPrograms } = await import('@order-system/testing/servers');
  const missing = missingPrograms().map(({ name, remedy }) => `There is no ${name}. Remedy: ${remedy}`);
  if (missing.length > 0) fail(missing.join('\n'));
  const { staleSabotages } = await import('./controls.ts');
  const stale = staleSabotages();
  if (stale.length > 0) fail(stale.join('\n'));
  const plan = await choose(values.fault, values.short);
  const { Runner } = await import('./runner.ts');
  runner = new Runner({ seconds, seed });
  for (const line of plan.notRun) console.log(line);
  console.log(`Seed ${seed}; to repeat its choices: --seed ${seed}`);
  try {
    const outcomes: Outcome[] = [];
    const controls: Controlled[] = [];
    for (const fault of plan.faults) {
      outcomes.push(await runner.fault(fault));
      // What fails because of a Ctrl-C is no news.
      await stopping;
    }
    for (const control of plan.controls) {
      controls.push(await runner.control(control));
      await stopping;
    }
    if (values.write) {
      const { writeReport } = await import('./markdown.ts');
      const { notRun } = plan;
      writeReport({ outcomes, controls, notRun, seed, seconds, servers: await runner.versions() });
    }
    if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(countOf(outcomes, controls)));
    conclude(outcomes, controls);
  } finally {
    await runner.stop();
  }
  // Whoever still waits for an answer from what is gone has nothing to wait for.
  process.exit();
});

async function choose(wanted: string | undefined, isShort: boolean): Promise<Plan> {
  const [{ FAULTS }, { CONTROLS }, { short }] = await Promise.all([
    import('./faults/all.ts'),
    import('./controls.ts'),
    import('./faults/short.ts'),
  ]);
  if (isShort)
    return { faults: [short], controls: CONTROLS.filter((control) => control.isShort), notRun: [] };
  if (wanted === undefined)
    return {
      faults: FAULTS.filter((fault) => whyNot(fault) === undefined),
      controls: CONTROLS,
      notRun: FAULTS.flatMap((fault) => whyNot(fault) ?? []),
    };
  const ids = wanted.split(',').map((id) => id.trim().toUpperCase());
  const chosen = <F extends Fault>(all: readonly F[]) => all.filter(({ id }) => ids.includes(id));
  const known = [...FAULTS, ...CONTROLS].map(({ id }) => id);
  const unknown = ids.find((id) => !known.includes(id));
  if (unknown !== undefined) fail(`There is no fault "${unknown}". Those there are: ${known.join(', ')}`);
  const faults = chosen(FAULTS);
  for (const fault of faults) {
    const why = whyNot(fault);
    if (why !== undefined) fail(why);
  }
  return { faults, controls: chosen(CONTROLS), notRun: [] };
}

function whyNot({ id, missing }: Fault): string | undefined {
  const lacking = missing?.();
  return lacking && `${id} is not run: there is no ${lacking.name}. Remedy: ${lacking.remedy}`;
}

/** Each verdict of an oracle, each fault's own check and each control is one. */
function countOf(outcomes: readonly Outcome[], controls: readonly Controlled[]) {
  const held = [
    ...outcomes.flatMap(({ verdicts }) => verdicts.map(({ isBroken }) => !isBroken)),
    ...outcomes.map(({ checks }) => checks.length === 0),
    ...controls.map(({ isSeen }) => isSeen),
  ];
  const passed = held.filter(Boolean).length;
  return { passed, failed: held.length - passed };
}

function conclude(outcomes: readonly Outcome[], controls: readonly Controlled[]): void {
  const broken = outcomes.filter(({ isBroken }) => isBroken).map(({ fault }) => fault.id);
  const unseen = controls.filter(({ isSeen }) => !isSeen).map(({ control }) => control.id);
  if (broken.length > 0) console.log(`\nBroken: ${broken.join(', ')}`);
  if (unseen.length > 0) console.log(`\nNot seen: ${unseen.join(', ')}`);
  if (broken.length + unseen.length === 0) console.log('\nAll promises held.');
  process.exitCode = broken.length + unseen.length === 0 ? 0 : 1;
}

/** Stops the system and removes what it made. */
function stop(): Promise<never> {
  stopping ??= (async () => {
    console.error('\nCleaning up ...');
    await runner?.stop();
    process.exit(130);
  })();
  return stopping;
}
