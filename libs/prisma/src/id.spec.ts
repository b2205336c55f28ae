import { expect, it } from '@jest/globals';
import { newId } from './id.js';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

it('are in the order in which they were made, also within a millisecond', () => {
  const ids = [1, 1, 2, 3].flatMap((now) => Array.from({ length: 1000 }, () => newId(now)));
  expect([...ids].sort()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(UUID_V7);
});
