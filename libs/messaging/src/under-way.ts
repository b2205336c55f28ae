/** Counts what has begun, so that an end can wait for it. */
export class UnderWay {
  private begun = 0;
  private drained: (() => void) | undefined;

  get count(): number {
    return this.begun;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    this.begun += 1;
    try {
      return await work();
    } finally {
      this.begun -= 1;
      if (this.begun === 0) this.drained?.();
    }
  }

  async ended(): Promise<void> {
    if (this.begun > 0) await new Promise<void>((resolve) => (this.drained = resolve));
  }
}
