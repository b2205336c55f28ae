import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly settle: (result: PromiseSettledResult<Result>) => void;
}

/** Does together what came while as many batches as allowed were under way; nobody waits for company, unless told to. */
export class Batch<Item, Result> {
  private readonly waiting: Waiting<Item, Result>[] = [];
  private running = 0;
  private begunAt = -Infinity;

  /**
   * @param work tells of each item, in their order, what became of it; never rejects
   * @param most items in a batch
   * @param width batches at a time
   * @param spacingMs from the beginning of one batch to that of the next, unless there is enough for a whole one
   */
  constructor(
    private readonly work: (items: Item[]) => Promise<PromiseSettledResult<Result>[]>,
    private readonly most: number,
    private readonly width = 1,
    private readonly spacingMs = 0,
  ) {}

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      const settle = (result: PromiseSettledResult<Result>) =>
        result.status === 'fulfilled' ? resolve(result.value) : reject(result.reason as Error);
      this.waiting.push({ item, settle });
      if (this.running < this.width) void this.run();
    });
  }

  private async run(): Promise<void> {
    this.running += 1;
    while (this.waiting.length > 0) {
      await this.gather();
      const taken = this.waiting.splice(0, this.most);
      if (taken.length === 0) break;
      this.begunAt = performance.now();
      const results = await this.work(taken.map(({ item }) => item));
      for (const [index, { settle }] of taken.entries()) settle(results[index]!);
    }
    this.running -= 1;
  }

  private async gather(): Promise<void> {
    // What arrives in the same packet arrives in the same turn.
    await turn();
    const tooEarlyMs = this.begunAt + this.spacingMs - performance.now();
    if (tooEarlyMs > 0 && this.waiting.length < this.most) await sleep(tooEarlyMs);
  }
}
