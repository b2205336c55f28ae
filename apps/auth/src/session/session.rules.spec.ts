import { expect, it } from '@jest/globals';
import { RACE_MS, refusalOf } from './session.rules.js';

const used = { isSessionAlive: true, usedMsAgo: 0, isSuccessorUsed: false };

it('takes a token that was used a moment ago for a race', () => {
  expect(refusalOf(used)).toBe('raced');
  expect(refusalOf({ ...used, usedMsAgo: RACE_MS - 1 })).toBe('raced');
});

it('takes one that comes back later for a theft', () => {
  expect(refusalOf({ ...used, usedMsAgo: RACE_MS })).toBe('stolen');
});

it('takes one that comes back after its successor was used for a theft, however soon', () => {
  expect(refusalOf({ ...used, isSuccessorUsed: true })).toBe('stolen');
});

it('has nothing to protect where the session is over or the token unknown', () => {
  expect(refusalOf({ ...used, isSessionAlive: false, usedMsAgo: RACE_MS * 2 })).toBe('ended');
  expect(refusalOf({ ...used, isSessionAlive: false, usedMsAgo: null })).toBe('ended');
  expect(refusalOf(undefined)).toBe('ended');
});
