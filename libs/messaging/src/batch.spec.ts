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
