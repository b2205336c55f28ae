import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Freshness } from './freshness.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const anOffset = fc.integer({ min: -400 * 24 * HOUR, max: 400 * 24 * HOUR });

/** Events that arrive `at`, `age` after they happened, where the two clocks are `offset` apart. */
const judge = (offset: number, arrivals: { at: number; age: number }[]): boolean[] => {
  const freshness = new Freshness();
  return arrivals.map(({ at, age }) => freshness.isFresh(new Date(at - age), at + offset));
};

describe('an event', () => {
  it('that comes as quickly as others is fresh, however far the clocks are apart', () => {
    fc.assert(
      fc.property(
        anOffset,
        fc.array(fc.integer({ min: 0, max: MINUTE }), { minLength: 1 }),
        (offset, ages) => {
          const arrivals = ages.map((age, index) => ({ at: index * 1000, age }));
          expect(judge(offset, arrivals)).toEqual(ages.map(() => true));
        },
      ),
    );
  });

  it('that took longer than others, by more than a minute, is stale, however far the clocks are apart', () => {
    fc.assert(
      fc.property(anOffset, fc.integer({ min: MINUTE + 1, max: HOUR }), (offset, age) => {
        const arrivals = [
          { at: 0, age: 0 },
          { at: 1000, age },
          { at: 2000, age },
          { at: 3000, age: 0 },
        ];
        expect(judge(offset, arrivals)).toEqual([true, false, false, true]);
      }),
    );
  });

  it('that waited is stale also when another one did long before', () => {
    const arrivals = [0, 1, 2].flatMap((nth) => [
      { at: nth * HOUR, age: 0 },
      { at: nth * HOUR + 1, age: HOUR },
      { at: nth * HOUR + 2, age: 0 },
    ]);
    expect(judge(0, arrivals)).toEqual([0, 1, 2].flatMap(() => [true, false, true]));
  });

  it('is fresh again when a clock was put right in between, a minute later at most', () => {
    const freshness = new Freshness();
    const arrivals = [0, 1, 2, 3].map((minutes) => ({ at: HOUR + minutes * MINUTE + minutes, minutes }));
    expect(freshness.isFresh(new Date(0), 0)).toBe(true);
    // The clock that events are dated by now goes an hour after.
    const fresh = arrivals.map(({ at }) => freshness.isFresh(new Date(at - HOUR), at));
    expect(fresh).toEqual([false, true, true, true]);
  });

  it('of a backlog stays stale, also after a long silence', () => {
    const freshness = new Freshness();
    freshness.isFresh(new Date(0), 0);
    const waited = Array.from({ length: 100 }, (_, index) =>
      freshness.isFresh(new Date(HOUR + index), 9 * HOUR + index * 100),
    );
    expect(new Set(waited)).toEqual(new Set([false]));
    expect(freshness.isFresh(new Date(10 * HOUR), 10 * HOUR)).toBe(true);
  });
});
