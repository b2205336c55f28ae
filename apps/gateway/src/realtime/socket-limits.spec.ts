import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SocketLimits } from './socket-limits.js';

const PER_SECOND = 5;
const BURST = 2 * PER_SECOND;

/** Events of users, each so many milliseconds after the one before. */
const events = fc.array(
  fc.record({ user: fc.constantFrom('ada', 'bob'), after: fc.integer({ min: 0, max: 1500 }) }),
  { maxLength: 200 },
);

describe('what a user may send', () => {
  it('is a burst, and then so much in a second', () => {
    const limits = new SocketLimits(PER_SECOND);
    const taken = (now: number) => Array.from({ length: 50 }, () => limits.take('ada', now)).filter(Boolean);
    expect(taken(0)).toHaveLength(BURST);
    expect(taken(0)).toHaveLength(0);
    expect(taken(1000)).toHaveLength(PER_SECOND);
    expect(taken(60_000)).toHaveLength(BURST);
  });

  it('depends neither on others nor on what was forgotten', () => {
    fc.assert(
      fc.property(events, fc.array(fc.boolean()), (all, forgets) => {
        const limits = new SocketLimits(PER_SECOND);
        const alone = { ada: new SocketLimits(PER_SECOND), bob: new SocketLimits(PER_SECOND) };
        let now = 0;
        for (const [index, { user, after }] of all.entries()) {
          now += after;
          if (forgets[index]) limits.forgetSilent(now);
          expect(limits.take(user, now)).toBe(alone[user].take(user, now));
        }
      }),
    );
  });

  it('is remembered no longer than it matters', () => {
    const limits = new SocketLimits(PER_SECOND);
    for (let i = 0; i < 1000; i += 1) limits.take(`user ${i}`, i);
    limits.forgetSilent(1100);
    expect(limits.size).toBeLessThan(1000);
    limits.forgetSilent(2000);
    expect(limits.size).toBe(0);
  });
});
