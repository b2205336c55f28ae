import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { deadlineIn, fromHeaders, msLeft, systemContext, toHeaders } from './context.js';
import { Standstill } from './standstill.js';

afterEach(() => void jest.restoreAllMocks());

describe('the time a call has', () => {
  it.each([0, 600_000, -600_000])('is the same for a receiver whose clock is %s ms off', (offMs) => {
    const headers = toHeaders(systemContext(), 2000);
    jest.spyOn(performance, 'now').mockReturnValue(performance.now() + offMs);
    expect(msLeft(fromHeaders(headers))).toBeCloseTo(2000);
  });

  it.each([600_000, -600_000])('is the same when the time of day is set meanwhile, by %s ms', (byMs) => {
    const ctx = { deadline: deadlineIn(2000) };
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + byMs);
    expect(msLeft(ctx)).toBeLessThanOrEqual(2000);
    expect(msLeft(ctx)).toBeGreaterThan(1000);
  });
});

describe('a process that stood still', () => {
  let now = 0;
  const stop = (): Standstill => {
    now = 0;
    const standstill = new Standstill(() => now);
    for (; now < 1000; now += 250) standstill.look();
    now += 45_000;
    return standstill;
  };

  it('takes what it finds for that much older, until it has had time to take it up', () => {
    const standstill = stop();
    expect(standstill.justNowMs).toBeGreaterThan(44_000);
    standstill.look();
    expect(standstill.justNowMs).toBeGreaterThan(44_000);
    now += 1001;
    standstill.look();
    expect(standstill.justNowMs).toBe(0);
  });

  it('does not count as one when it was only busy', () => {
    const standstill = stop();
    standstill.look();
    now += 1001;
    standstill.look();
    now += 600;
    expect(standstill.justNowMs).toBe(0);
  });
});
