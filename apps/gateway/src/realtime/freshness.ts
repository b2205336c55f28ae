/** Who was away longer than this asks by HTTP; a burst of old pushes helps nobody. */
const STALE_MS = 60_000;

/**
 * Tells events that waited from those that come at once: by how much longer they took than the quickest one so
 * far. Two machines' clocks are never compared, for nobody knows how far they are apart.
 */
export class Freshness {
  /** By the clock here, minus the one that events are dated by: how far these are apart is in it, as in all others. */
  private quickest = Infinity;
  /** Since when nothing fresh has come. */
  private staleSince: number | undefined;

  /** `now` is by a clock that nobody sets. */
  isFresh(occurredAt: Date, now = performance.now()): boolean {
    const took = now - occurredAt.getTime();
    this.quickest = Math.min(this.quickest, took);
    if (took - this.quickest <= STALE_MS) {
      this.staleSince = undefined;
      return true;
    }
    this.staleSince ??= now;
    if (now - this.staleSince <= STALE_MS) return false;
    // A backlog is through sooner: the clocks have drifted, or one of them was set.
    this.quickest = took;
    this.staleSince = undefined;
    return true;
  }
}
