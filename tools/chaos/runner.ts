import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Control, Fault } from './fault.ts';
import { randomFrom } from './random.ts';
import { printOutcome } from './report.ts';
import { type Outcome, runFault } from './run-fault.ts';
import { setStage, type Stage } from './stage.ts';

export interface Controlled extends Outcome {
  readonly control: Control;
  /** The suite saw what was done, and nothing else. */
  readonly isSeen: boolean;
}

/** Runs faults one after the other, on one stage for as long as nothing is found. */
export class Runner {
  private readonly seconds: number;
  private readonly seed: string;
  private stage: Stage | undefined;

  constructor({ seconds, seed }: { seconds: number; seed: string }) {
    this.seconds = seconds;
    this.seed = seed;
  }

  async fault(fault: Fault): Promise<Outcome> {
    console.log(`\n${fault.id}: ${fault.title}`);
    const outcome = await this.run(fault);
    console.log(outcome.isBroken ? '  BROKEN' : '  held');
    // After a defect nothing on this stage can be trusted.
    if (outcome.isBroken) await this.leave(fault);
    return outcome;
  }

  async control(control: Control): Promise<Controlled> {
    console.log(`\n${control.id}: ${control.title}; ${control.seenBy} has to see it`);
    await this.stop();
    const outcome = await this.run(control);
    const broken = outcome.verdicts.filter(({ isBroken }) => isBroken).map(({ id }) => id);
    const isSeen = broken.join() === control.seenBy && outcome.checks.length === 0;
    console.log(isSeen ? '  seen' : `  NOT SEEN AS IT SHOULD BE: found by ${broken.join(', ') || 'nobody'}`);
    if (isSeen) await this.stop();
    else await this.leave(control);
    return { ...outcome, control, isSeen };
  }

  /** What the stage is made of. */
  async versions(): Promise<string> {
    this.stage ??= await setStage();
    return this.stage.versions();
  }

  async stop(): Promise<void> {
    await this.stage?.stop();
    this.stage = undefined;
  }

  private async run(fault: Fault): Promise<Outcome> {
    const seconds = Math.max(this.seconds, fault.atLeastSeconds ?? 0);
    const random = randomFrom(`${this.seed}/${fault.id}`);
    try {
      this.stage ??= await setStage();
      const outcome = await runFault(this.stage, fault, { seconds, random });
      printOutcome(outcome);
      return outcome;
    } catch (error) {
      console.error(error);
      return unfinished(fault, seconds, error as Error);
    }
  }

  /** What the services said is kept, nothing else. */
  private async leave({ id }: Fault): Promise<void> {
    if (!this.stage) return;
    const folder = mkdtempSync(join(tmpdir(), 'order-system-chaos-'));
    writeFileSync(join(folder, `${id}.log`), this.stage.platform.output());
    console.log(`    The services' log is in ${folder}`);
    await this.stop();
  }
}

/** A run of many faults goes on, and has its report. */
const unfinished = (fault: Fault, seconds: number, { message }: Error): Outcome => ({
  fault,
  seconds,
  notes: [],
  requests: 0,
  orders: 0,
  slowestMs: 0,
  healthyMs: undefined,
  drainedMs: undefined,
  verdicts: [],
  checks: [`could not be run to its end: ${message.split('\n', 1)[0]}`],
  isBroken: true,
});
