import type { CrashPoint } from '@order-system/messaging/crash-point';
import { eventually } from '@order-system/messaging/testing/eventually';
import type { Platform } from './platform.js';

export interface Crash {
  readonly service: string;
  readonly at: CrashPoint;
  /** How often the process gets there before it dies, that time included. */
  readonly pass?: number;
}

/** A job that runs once a second gets somewhere fifty times. */
const PATIENCE_MS = 120_000;

/** Has a service die at a step that `provoke` leads to; resolves when its successor is ready. */
export async function crash(
  platform: Platform,
  { service, at, pass = 1 }: Crash,
  provoke: () => unknown,
): Promise<void> {
  // From here on: what is under way already may lead it there before `provoke` does.
  const before = platform.output().length;
  await platform.restart(service, { CRASH: `${at}:${pass}` });
  const said = (what: RegExp) => () => {
    if (!what.test(platform.output().slice(before)))
      throw new Error(`${service}, to die at ${at}, did not say: ${what.source}`);
  };
  provoke();
  await eventually(said(new RegExp(`^${service} .* stopped with SIGKILL`, 'm')), PATIENCE_MS);
  await eventually(said(new RegExp(`^${service} .* is ready again`, 'm')), PATIENCE_MS);
}
