/** A token bucket: `perSecond` on average, twice that in a burst. */
export class SocketLimit {
  private left: number;
  private at = performance.now();

  constructor(private readonly perSecond: number) {
    this.left = perSecond * 2;
  }

  /** False when this one is too many. */
  take(): boolean {
    const now = performance.now();
    this.left = Math.min(this.perSecond * 2, this.left + ((now - this.at) / 1000) * this.perSecond);
    this.at = now;
    if (this.left < 1) return false;
    this.left -= 1;
    return true;
  }
}
