/**
 * What is known of each key until its window ends, by performance.now(). Of so many keys only: a flood of addresses must not
 * fill the memory.
 */
export class Windows<W extends { readonly endsAt: number }> {
  private readonly windows = new Map<string, W>();

  constructor(private readonly size = 100_000) {}

  get(key: string): W | undefined {
    const window = this.windows.get(key);
    return window !== undefined && window.endsAt > performance.now() ? window : undefined;
  }

  set(key: string, window: W): void {
    // Anew, so that those that began first stay in front.
    this.windows.delete(key);
    if (this.windows.size >= this.size) this.makeRoom();
    this.windows.set(key, window);
  }

  /** Drops what has ended, or else the oldest tenth. */
  private makeRoom(): void {
    const now = performance.now();
    for (const [key, window] of this.windows) if (window.endsAt <= now) this.windows.delete(key);
    if (this.windows.size < this.size) return;
    let surplus = Math.ceil(this.size / 10);
    for (const key of this.windows.keys()) {
      if (surplus-- <= 0) break;
      this.windows.delete(key);
    }
  }
}
