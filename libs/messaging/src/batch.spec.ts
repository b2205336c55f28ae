import { describe, expect, it } from '@jest/globals';
import { Batch } from './batch.js';

describe('a batch', () => {
  it('does together what came while the one before was under way, in order, and no more than allowed at a time', async () => {
    const batches: number[][] = [];
    const batch = new Batch<number, number>(async (items) => {
      batches.push(items);
      return items.map((value) => ({ status: 'fulfilled', value: value * 2 }));
    }, 3);
    const first = batch.add(1);
    const rest = first.then(() => Promise.all([2, 3, 4, 5].map((item) => batch.add(item))));
    expect(await rest).toEqual([4, 6, 8, 10]);
    expect(batches).toEqual([[1], [2, 3, 4], [5]]);
  });

  it('goes on beside a slow one, as many at a time as allowed', async () => {
    const batches: number[][] = [];
    let goOn: (() => void) | undefined;
    const batch = new Batch<number, number>(
      async (items) => {
        batches.push(items);
        if (items[0] === 1) await new Promise<void>((resolve) => (goOn = resolve));
        return items.map((value) => ({ status: 'fulfilled', value }));
      },
      1,
      2,
    );
    const slow = batch.add(1);
    expect(await Promise.all([batch.add(2), batch.add(3)])).toEqual([2, 3]);
    expect(batches).toEqual([[1], [2], [3]]);
    goOn?.();
    expect(await slow).toBe(1);
  });

  describe('of those that are in no hurry', () => {
    const start = () => {
      const batches: number[][] = [];
      const work = async (items: number[]) => {
        batches.push(items);
        return items.map((value) => ({ status: 'fulfilled' as const, value }));
      };
      return { batches, batch: new Batch<number, number>(work, 3, 2) };
    };
    const inMs = (ms: number) => performance.now() + ms;
    const LONG = 60_000;

    it('starts when the first of them has waited enough', async () => {
      const { batches, batch } = start();
      const from = performance.now();
      await Promise.all([batch.add(1, inMs(LONG)), batch.add(2, inMs(30))]);
      // Timers count whole milliseconds, and may be early by two of them.
      expect(performance.now() - from).toBeGreaterThanOrEqual(28);
      expect(batches).toEqual([[1, 2]]);
    });

    it('starts with one that is in a hurry, or when it is full; what is left over waits on', async () => {
      const { batches, batch } = start();
      const late = batch.add(1, inMs(LONG));
      await Promise.all([late, batch.add(2)]);
      await Promise.all([3, 4, 5].map((item) => batch.add(item, inMs(LONG))));
      const [first, second, third, left] = [6, 7, 8, 9].map((item) => batch.add(item, inMs(LONG)));
      await Promise.all([first, second, third]);
      expect(batches).toEqual([
        [1, 2],
        [3, 4, 5],
        [6, 7, 8],
      ]);
      await Promise.all([left, batch.add(10)]);
      expect(batches.at(-1)).toEqual([9, 10]);
    });
  });

  it('tells each what became of it', async () => {
    const batch = new Batch<number, number>(
      async (items) =>
        items.map((value) =>
          value < 0 ? { status: 'rejected', reason: new Error('below') } : { status: 'fulfilled', value },
        ),
      10,
    );
    const [good, bad] = await Promise.allSettled([batch.add(1), batch.add(-1)]);
    expect(good).toEqual({ status: 'fulfilled', value: 1 });
    expect(bad).toMatchObject({ status: 'rejected', reason: new Error('below') });
  });
});
