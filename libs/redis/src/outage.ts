import type { Logger } from '@order-system/observability/logger';

const PAUSE_MS = 2000;

/** Remembers that Redis just failed, so that requests do not queue up behind one timeout after another. */
export class Outage {
  private until = 0;

  constructor(private readonly log: Logger) {}

  /** What `ask` gives, or undefined when Redis does not answer or has not answered a moment ago. */
  async guard<T>(ask: () => Promise<T>): Promise<T | undefined> {
    if (performance.now() < this.until) return undefined;
    try {
      return await ask();
    } catch (err) {
      this.until = performance.now() + PAUSE_MS;
      this.log.warn({ err }, `Redis did not answer; doing without it for ${PAUSE_MS} ms`);
      return undefined;
    }
  }
}
