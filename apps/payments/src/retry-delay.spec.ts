import { expect, it } from '@jest/globals';
import { retryDelayMs } from './retry-delay.js';

it('doubles from half a second up to ten minutes', () => {
  const delays = [1, 2, 3, 10, 11, 12, 1000].map((attempts) => retryDelayMs(attempts, () => 0));
  expect(delays).toEqual([500, 1000, 2000, 256_000, 512_000, 600_000, 600_000]);
});

it('leaves a quarter to chance', () => {
  expect(retryDelayMs(1, () => 1)).toBe(375);
});
