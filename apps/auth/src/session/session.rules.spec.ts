import { expect, it } from '@jest/globals';
import { RACE_MS, refusalOf } from './session.rules.js';

it('takes a token that was used a moment ago for a race', () => {
  expect(refusalOf({ isSessionAlive: true, usedMsAgo: 0 })).toBe('raced');
  expect(refusalOf({ isSessionAlive: true, usedMsAgo: RACE_MS - 1 })).toBe('raced');
});

it('takes one that comes back later for a theft', () => {
  expect(refusalOf({ isSessionAlive: true, usedMsAgo: RACE_MS })).toBe('stolen');
});

it('has nothing to protect where the session is over or the token unknown', () => {
  expect(refusalOf({ isSessionAlive: false, usedMsAgo: RACE_MS * 2 })).toBe('ended');
  expect(refusalOf({ isSessionAlive: false, usedMsAgo: null })).toBe('ended');
  expect(refusalOf(undefined)).toBe('ended');
});
