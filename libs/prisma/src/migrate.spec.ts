import { expect, it } from '@jest/globals';
import { refuseOthers } from './migrate.js';

const ours = new Map([
  ['1_init', 'a'],
  ['3_refunds', 'c'],
]);

it.each([
  ['nothing yet', [], []],
  ['some of ours', [['1_init', 'a']], []],
  ['all of ours', [...ours], []],
  ['what a newer version added', [...ours, ['4_rooms', 'd']], ['4_rooms']],
])('takes a database that has %s', (_, done, newer) => {
  expect(refuseOthers(new Map(done as [string, string][]), ours)).toEqual(newer);
});

it('refuses a database that has something else', () => {
  const edited = new Map([['1_init', 'b']]);
  expect(() => refuseOthers(edited, ours)).toThrow('1_init was changed after it was applied. Remedy:');
  const gone = new Map([...ours, ['2_holds', 'b']]);
  expect(() => refuseOthers(gone, ours)).toThrow('2_holds is missing, though it was applied. Remedy:');
});
