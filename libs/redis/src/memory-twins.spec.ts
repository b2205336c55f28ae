import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { logger } from '@order-system/observability/logger';
import { MemoryCache } from './cache.js';
import { Outage } from './outage.js';
import { MemoryRateLimits } from './rate-limits.js';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('the cache in memory', () => {
  it('forgets after the time to live', async () => {
    const cache = new MemoryCache();
    await cache.set('a', '1', 1000);
    expect(await cache.get('a')).toBe('1');
    jest.advanceTimersByTime(1000);
    expect(await cache.get('a')).toBeUndefined();
  });

  it('drops what was used least recently when it is full', async () => {
    const cache = new MemoryCache(2);
    await cache.set('a', '1', 1000);
    await cache.set('b', '2', 1000);
    await cache.get('a');
    await cache.set('c', '3', 1000);
    expect([await cache.get('a'), await cache.get('b'), await cache.get('c')]).toEqual(['1', undefined, '3']);
  });
});

describe('limits in memory', () => {
  it('block above the limit until the window ends', async () => {
    const storage = new MemoryRateLimits();
    const hit = () => storage.increment('ip', 10_000, 2);
    expect([(await hit()).isBlocked, (await hit()).isBlocked]).toEqual([false, false]);
    jest.advanceTimersByTime(4000);
    expect(await hit()).toEqual({ totalHits: 3, timeToExpire: 6, isBlocked: true, timeToBlockExpire: 6 });
    jest.advanceTimersByTime(6000);
    expect((await hit()).isBlocked).toBe(false);
  });

  it('end in time although the time of day was set back', async () => {
    const storage = new MemoryRateLimits();
    const hit = () => storage.increment('ip', 10_000, 1);
    await hit();
    jest.setSystemTime(Date.now() - 3_600_000);
    expect(await hit()).toMatchObject({ isBlocked: true, timeToExpire: 10 });
    jest.advanceTimersByTime(10_000);
    expect(await hit()).toMatchObject({ totalHits: 1, isBlocked: false });
  });

  it('stay bounded under a flood of addresses', async () => {
    const storage = new MemoryRateLimits(10);
    for (let i = 0; i < 100; i++) await storage.increment(`ip${i}`, 10_000, 2);
    expect((await storage.increment('ip99', 10_000, 2)).totalHits).toBe(2);
  });
});

it('Redis is asked again two seconds after it failed, also when the time of day was set back', async () => {
  const outage = new Outage(logger('test'));
  await outage.guard(() => Promise.reject(new Error('gone')));
  jest.setSystemTime(Date.now() - 3_600_000);
  expect(await outage.guard(async () => 'here')).toBeUndefined();
  jest.advanceTimersByTime(2000);
  expect(await outage.guard(async () => 'here')).toBe('here');
});
