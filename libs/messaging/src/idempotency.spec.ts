import { expect, it } from '@jest/globals';
import { defineCall } from '@order-system/contracts/define';
import fc from 'fast-check';
import { z } from 'zod';
import { requestHash } from './idempotency.js';

const call = defineCall('test.call', { kind: 'command', input: z.json(), output: z.json() });

/** The same with the fields of all its objects the other way round. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, turned(inner)]),
  );
}

it('a request is the same whatever the order of its fields', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (request) => {
      expect(requestHash(call, turned(request))).toBe(requestHash(call, request));
    }),
  );
});

it.each([
  [{ quantity: 1 }, { quantity: 2 }],
  [{ items: [1, 2] }, { items: [2, 1] }],
  [{ metadata: { gift: true } }, { metadata: { gift: 'true' } }],
  [{ notes: null }, {}],
])('%j is another request than %j', (one, other) => {
  expect(requestHash(call, one)).not.toBe(requestHash(call, other));
});
