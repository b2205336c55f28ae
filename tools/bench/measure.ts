import { createHistogram, performance, type RecordableHistogram } from 'node:perf_hooks';

export interface Latency {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export interface Measurement {
  readonly lanes: number;
  readonly seconds: number;
  readonly done: number;
  readonly perSecond: number;
  /** In milliseconds, by name; `all` is the whole step. */
  readonly latency: Readonly<Record<string, Latency>>;
  readonly counts: Readonly<Record<string, number>>;
  readonly errors: number;
  readonly firstErrors: readonly string[];
  /** Of one core, what making the load took. */
  readonly loadCpu: number;
}

/** What a step may tell besides its own time. */
export interface Notes {
  latency(name: string, ms: number): void;
  count(name: string): void;
}

export type Step = (lane: number, notes: Notes) => Promise<void>;

export interface MeasureOptions {
  readonly lanes: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Called when the warm-up is over. */
  readonly onStart?: () => void;
}

const SHOWN_ERRORS = 5;
const PAUSE_AFTER_ERROR_MS = 20;
const LONGEST_US = 60_000_000;

/** Repeats a step in so many lanes at once, and measures what is finished between the warm-up and the end. */
export async function measure(options: MeasureOptions, step: Step): Promise<Measurement> {
  const { lanes, seconds, warmUpSeconds, onStart } = options;
  const tally = new Tally();
  const startAt = performance.now() + warmUpSeconds * 1_000;
  const endAt = startAt + seconds * 1_000;
  const cpu = cpuWhile(startAt, endAt, onStart);
  const work = Array.from({ length: lanes }, (_, lane) => repeat(lane, step, { tally, startAt, endAt }));
  await Promise.all(work);
  return { lanes, seconds, ...tally.result(seconds), loadCpu: await cpu };
}

async function repeat(
  lane: number,
  step: Step,
  { tally, startAt, endAt }: { tally: Tally; startAt: number; endAt: number },
): Promise<void> {
  for (let now = performance.now(); now < endAt;) {
    const notes = new StepNotes(now);
    let error: unknown;
    try {
      await step(lane, notes);
    } catch (caught) {
      error = caught;
      await pause(PAUSE_AFTER_ERROR_MS);
    }
    now = performance.now();
    if (now >= startAt && now < endAt) tally.add(notes, now, error);
  }
}

class StepNotes implements Notes {
  readonly startedAt: number;
  readonly latencies: [string, number][] = [];
  readonly counts: string[] = [];

  constructor(startedAt: number) {
    this.startedAt = startedAt;
  }

  latency(name: string, ms: number): void {
    this.latencies.push([name, ms]);
  }

  count(name: string): void {
    this.counts.push(name);
  }
}

/** Of bounded size however long it runs: times go into histograms, errors beyond the first few are only counted. */
class Tally {
  #done = 0;
  #errors = 0;
  readonly #firstErrors: string[] = [];
  readonly #counts: Record<string, number> = {};
  readonly #histograms = new Map<string, RecordableHistogram>();

  add(notes: StepNotes, now: number, error: unknown): void {
    for (const name of notes.counts) this.#counts[name] = (this.#counts[name] ?? 0) + 1;
    if (error !== undefined) {
      this.#errors++;
      if (this.#firstErrors.length < SHOWN_ERRORS)
        this.#firstErrors.push(error instanceof Error ? error.message : String(error));
      return;
    }
    this.#done++;
    this.#record('all', now - notes.startedAt);
    for (const [name, ms] of notes.latencies) this.#record(name, ms);
  }

  result(seconds: number): Omit<Measurement, 'lanes' | 'seconds' | 'loadCpu'> {
    const latency = [...this.#histograms].map(([name, histogram]) => [name, latencyOf(histogram)] as const);
    return {
      done: this.#done,
      perSecond: round(this.#done / seconds),
      latency: Object.fromEntries(latency),
      counts: this.#counts,
      errors: this.#errors,
      firstErrors: this.#firstErrors,
    };
  }

  #record(name: string, ms: number): void {
    let histogram = this.#histograms.get(name);
    if (histogram === undefined) {
      histogram = createHistogram({ lowest: 1, highest: LONGEST_US, figures: 3 });
      this.#histograms.set(name, histogram);
    }
    histogram.record(Math.min(Math.max(1, Math.round(ms * 1_000)), LONGEST_US));
  }
}

function latencyOf(histogram: RecordableHistogram): Latency {
  const ms = (percent: number) => round(histogram.percentile(percent) / 1_000);
  return { p50: ms(50), p90: ms(90), p99: ms(99), max: round(histogram.max / 1_000) };
}

async function cpuWhile(startAt: number, endAt: number, onStart?: () => void): Promise<number> {
  await pause(Math.max(0, startAt - performance.now()));
  onStart?.();
  const before = process.cpuUsage();
  const from = performance.now();
  await pause(endAt - from);
  const { user, system } = process.cpuUsage(before);
  return round((user + system) / 1_000 / (performance.now() - from));
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** To two digits behind the point. */
export function round(value: number): number {
  return Math.round(value * 100) / 100;
}
