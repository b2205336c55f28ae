import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { inTurns } from './in-turns.js';

it('events that are given at once are of different aggregates, and none is lost or overtakes another', () => {
  const event = fc.record({
    aggregate: fc.record({
      type: fc.constant('order'),
      id: fc.constantFrom('a', 'b', 'c'),
      version: fc.nat(),
    }),
  });
  fc.assert(
    fc.property(fc.array(event), fc.integer({ min: 1, max: 5 }), (events, most) => {
      const turns = inTurns(events, most);
      expect(turns.flat()).toEqual(events);
      for (const turn of turns) {
        expect(turn.length).toBeLessThanOrEqual(most);
        expect(new Set(turn.map(({ aggregate }) => aggregate.id)).size).toBe(turn.length);
      }
    }),
  );
});

it('events are given at once as far as they may be', () => {
  const turns = (ids: string, most: number) =>
    inTurns(
      [...ids].map((id) => ({ aggregate: { type: 'order', id, version: 1 } })),
      most,
    ).map((turn) => turn.map(({ aggregate }) => aggregate.id).join(''));
  expect(turns('abcabcc', 16)).toEqual(['abc', 'abc', 'c']);
  expect(turns('abcdefg', 3)).toEqual(['abc', 'def', 'g']);
});
