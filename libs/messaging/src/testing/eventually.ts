import { setTimeout as pause } from 'node:timers/promises';

const EVERY_MS = 20;

/** Waits until `check` no longer throws; after `patienceMs` throws what it threw last. */
export async function eventually<T>(check: () => T | Promise<T>, patienceMs = 20_000): Promise<T> {
  const until = performance.now() + patienceMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > until) throw error;
      await pause(EVERY_MS);
    }
  }
}
