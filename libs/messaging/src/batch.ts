import { setImmediate as turn } from 'node:timers/promises';

interface Waiting<Item, Result> {
  readonly item: Item;
  /** Until when it waits for company. */
  readonly until: number;
  readonly settle: (result: PromiseSettledResult<Result>) => void;
}

/** Does together what came while as many batches as allowed were under way, or while nobody was in a hurry. */
export class Batch<Item, Result> {
  private readonly waiting: Waiting<Item, Result>[] = [];
  private running = 0;
  /** Of the batch that is being gathered. */
  private start: (() => void) | undefined;
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param work tells of each item, in their order, what became of it; never rejects
   * @param most items in a batch
   * @param width batches at a time
   */
  constructor(
    private readonly work: (items: Item[]) => Promise<PromiseSettledResult<Result>[]>,
    private readonly most: number,
    private readonly width = 1,
  ) {}

  /** @param until by `performance.now()`: how long it may wait for company */
  add(item: Item, until = 0): Promise<Result> {
    return new Promise((resolve, reject) => {
      const settle = (result: PromiseSettledResult<Result>) =>
        result.status === 'fulfilled' ? resolve(result.value) : reject(result.reason as Error);
      this.waiting.push({ item, until, settle });
      if (this.start === undefined) this.runMore();
      else this.startInTime();
    });
  }

  private runMore(): void {
    if (this.waiting.length > 0 && this.running < this.width) void this.run();
  }

  private async run(): Promise<void> {
    this.running += 1;
    while (this.waiting.length > 0 && this.start === undefined) {
      await this.gather();
      const taken = this.waiting.splice(0, this.most);
      this.runMore();
      const results = await this.work(taken.map(({ item }) => item));
      for (const [index, { settle }] of taken.entries()) settle(results[index]!);
    }
    this.running -= 1;
  }

  private async gather(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.start = resolve;
      this.startInTime();
    });
    // What arrives in the same packet arrives in the same turn.
    await turn();
    clearTimeout(this.timer);
    this.start = undefined;
  }

  /** When it is full, or one of those who wait has waited enough. */
  private startInTime(): void {
    clearTimeout(this.timer);
    const isFull = this.waiting.length >= this.most;
    const ms = isFull ? 0 : Math.min(...this.waiting.map(({ until }) => until)) - performance.now();
    if (ms > 0) this.timer = setTimeout(() => this.start?.(), ms);
    else this.start?.();
  }
}
