import { expect, it } from '@jest/globals';
import { ratios } from './against.ts';
import type { BenchResult } from './report.ts';

const result = (perSecond: number, start: number, more: object = {}): BenchResult =>
  ({
    topologies: [
      { topology: 'embedded', start, loads: [{ name: 'purchase', lanes: 8, perSecond, ...more }] },
    ],
  }) as unknown as BenchResult;

it('compares the medians of what both versions measured, and says how far each is spread', () => {
  const before = [result(40, 2), result(90, 4), result(50, 3)];
  const now = [result(60, 1, { cpuMsEach: 9 }), result(40, 2, { cpuMsEach: 8 })];
  expect(ratios(before, now)).toEqual([
    ['embedded: purchase, 8 at once, per second', '50.00 (40 to 90)', '50.00 (40 to 60)', '1.00'],
    ['embedded: ready after, s', '3.00 (2 to 4)', '1.50 (1 to 2)', '0.50'],
  ]);
});
