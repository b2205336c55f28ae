import type { Tx } from '@order-system/prisma/database';

/** What was done for several events in one statement failed: none of them in particular is to blame. */
export class SharedFailure extends Error {
  constructor(override readonly cause: unknown) {
    super('work for several events failed');
  }
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * For handlers, which are applied side by side: what they ask of one transaction in the same turn is done together.
 * @param work gives a result for each item, in their order
 */
export function gather<Item, Result>(
  work: (tx: Tx, items: Item[]) => Promise<Result[]>,
): (tx: Tx, item: Item) => Promise<Result> {
  const waiting = new WeakMap<Tx, Waiting<Item, Result>[]>();

  async function workAll(tx: Tx, all: readonly Waiting<Item, Result>[]): Promise<void> {
    waiting.delete(tx);
    try {
      const items = all.map(({ item }) => item);
      const results = await work(tx, items);
      for (const [index, { resolve }] of all.entries()) resolve(results[index]!);
    } catch (error) {
      const failure = all.length === 1 ? error : new SharedFailure(error);
      for (const { reject } of all) reject(failure);
    }
  }

  return (tx, item) =>
    new Promise((resolve, reject) => {
      const one = { item, resolve, reject };
      const others = waiting.get(tx);
      if (others) return void others.push(one);
      const all = [one];
      waiting.set(tx, all);
      queueMicrotask(() => void workAll(tx, all));
    });
}
