interface Entry<T> {
  item: T;
  done: () => void;
}

/**
 * Work that is handed over in memory right after its row was committed, at most `width` at a time. It may lose work
 * (a crash, too long a queue): a job finds the rows that are overdue.
 */
export class Lane<T> {
  private readonly waiting: Entry<T>[] = [];
  private readonly running = new Set<Promise<void>>();
  private isClosed = false;

  constructor(
    private readonly work: (item: T) => Promise<void>,
    private readonly options: { width: number; longest: number; onError: (error: unknown) => void },
  ) {}

  /** Resolves when the work is done, has failed, or was not taken; never rejects. */
  push(item: T): Promise<void> {
    if (this.isClosed || this.waiting.length >= this.options.longest) return Promise.resolve();
    return new Promise((done) => {
      this.waiting.push({ item, done });
      this.next();
    });
  }

  /** Takes nothing more, and finishes what has begun. */
  async close(): Promise<void> {
    this.isClosed = true;
    for (const { done } of this.waiting.splice(0)) done();
    await Promise.all(this.running);
  }

  private next(): void {
    while (this.running.size < this.options.width) {
      const entry = this.waiting.shift();
      if (entry === undefined) return;
      const task = this.work(entry.item)
        .catch(this.options.onError)
        .finally(() => {
          this.running.delete(task);
          entry.done();
          this.next();
        });
      this.running.add(task);
    }
  }
}
