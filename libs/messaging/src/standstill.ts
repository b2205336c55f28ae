const EVERY_MS = 250;
/** A process that misses its looks by less is busy. */
const LEAST_MS = 1000;

/**
 * Knows how long this process stood still: stopped, swapped out, or at one thing. What it takes up right after may have
 * lain before its door for as long.
 */
export class Standstill {
  private timer: NodeJS.Timeout | undefined;
  private lookedAt: number;
  private last = { ms: 0, endedAt: -Infinity };

  /** @param now milliseconds that nobody sets */
  constructor(private readonly now: () => number = () => performance.now()) {
    this.lookedAt = now();
  }

  start(): void {
    this.lookedAt = this.now();
    this.timer = setInterval(() => this.look(), EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  look(): void {
    const now = this.now();
    const ms = now - this.lookedAt - EVERY_MS;
    if (ms > LEAST_MS) this.last = { ms, endedAt: now };
    this.lookedAt = now;
  }

  /** How long the standstill was that has just ended; 0 when there was none. */
  get justNowMs(): number {
    const now = this.now();
    const ms = now - this.lookedAt - EVERY_MS;
    if (ms > LEAST_MS) return ms;
    return now - this.last.endedAt < LEAST_MS ? this.last.ms : 0;
  }
}
