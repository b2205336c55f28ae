import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { EventMessage } from './events.js';
import { InHand } from './in-hand.js';

const message = ([id, version]: readonly [string, number]) =>
  ({ aggregate: { type: 'test', id, version } }) as EventMessage;
const known = (['a', 'b', 'c'] as const).flatMap((id) => [1, 2, 3].map((version) => [id, version] as const));

it('has what was added and not yet removed, and forgets the rest', () => {
  fc.assert(
    fc.property(
      fc.subarray(known).chain((added) => fc.tuple(fc.constant(added), fc.subarray(added))),
      ([added, removed]) => {
        const inHand = new InHand();
        inHand.add(added.map(message));
        inHand.remove(removed.map(message));
        const left = added.filter((one) => !removed.includes(one));
        expect(known.filter(([id, version]) => inHand.has(id, version))).toEqual(left);
        expect(inHand.size).toBe(left.length);
      },
    ),
  );
});
