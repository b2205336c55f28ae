/** A token bucket: `perSecond` on average, twice that in a burst. */
class Bucket {
  private left: number;

  constructor(
    private readonly perSecond: number,
    private at: number,
  ) {
    this.left = perSecond * 2;
  }

  take(now: number): boolean {
    this.left = this.level(now);
    this.at = now;
    if (this.left < 1) return false;
    this.left -= 1;
    return true;
  }

  isFull(now: number): boolean {
    return this.level(now) === this.perSecond * 2;
  }

  private level(now: number): number {
    return Math.min(this.perSecond * 2, this.left + ((now - this.at) / 1000) * this.perSecond);
  }
}

/** One bucket for each user, through however many sockets they talk, and whether or not these are still there. */
export class SocketLimits {
  private readonly buckets = new Map<string, Bucket>();

  constructor(private readonly perSecond: number) {}

  get size(): number {
    return this.buckets.size;
  }

  /** False when this one is too many. `now` in milliseconds. */
  take(userId: string, now = performance.now()): boolean {
    const bucket = this.buckets.get(userId) ?? new Bucket(this.perSecond, now);
    this.buckets.set(userId, bucket);
    return bucket.take(now);
  }

  /** Who has been silent for two seconds has a full bucket, as who has never been here. */
  forgetSilent(now = performance.now()): void {
    for (const [userId, bucket] of this.buckets) if (bucket.isFull(now)) this.buckets.delete(userId);
  }
}
