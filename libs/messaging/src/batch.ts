import { setImmediate as turn } from 'node:timers/promises';

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly settle: (result: PromiseSettledResult<Result>) => void;
}

/** Does together what came while as many batches as allowed were under way; nobody waits for company. */
export class Batch<Item, Result> {
  private readonly waiting: Waiting<Item, Result>[] = [];
  private running = 0;

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
      // What arrives in the same packet arrives in the same turn.
      await turn();
      const taken = this.waiting.splice(0, this.most);
      if (taken.length === 0) break;
      const results = await this.work(taken.map(({ item }) => item));
      for (const [index, { settle }] of taken.entries()) settle(results[index]!);
    }
    this.running -= 1;
  }
}
