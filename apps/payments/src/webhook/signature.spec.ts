import { describe, expect, it } from '@jest/globals';
import { TOLERANCE_S, isSigned, sign } from './signature.js';

const now = new Date('2026-03-01T12:00:00Z');
const later = (seconds: number) => new Date(now.getTime() + seconds * 1000);
const body = Buffer.from('{"id":"1"}');
const header = sign(body, 'secret', now);

describe('a signed webhook', () => {
  it.each([0, TOLERANCE_S, -TOLERANCE_S])('is genuine %i seconds away', (seconds) => {
    expect(isSigned(header, body, ['secret'], later(seconds))).toBe(true);
  });

  it.each([TOLERANCE_S + 1, -TOLERANCE_S - 1, 360])('is too far away after %i seconds', (seconds) => {
    expect(isSigned(header, body, ['secret'], later(seconds))).toBe(false);
  });

  it('is genuine with either secret while they rotate', () => {
    const both = `${header},${sign(body, 'old', now).split(',')[1]}`;
    expect(isSigned(header, body, ['new', 'secret'], now)).toBe(true);
    expect(isSigned(both, body, ['old'], now)).toBe(true);
    expect(isSigned(header, body, ['new'], now)).toBe(false);
  });

  it('is no more genuine with one space more', () => {
    expect(isSigned(header, Buffer.from('{"id": "1"}'), ['secret'], now)).toBe(false);
  });

  it('is over bytes, not over text', () => {
    const bytes = Buffer.from([0x7b, 0xff, 0x7d]);
    expect(isSigned(sign(bytes, 'secret', now), bytes, ['secret'], now)).toBe(true);
    expect(isSigned(sign(bytes, 'secret', now), Buffer.from(bytes.toString('utf8')), ['secret'], now)).toBe(
      false,
    );
  });

  it.each([
    ['nothing', undefined],
    ['an empty header', ''],
    ['no time', header.split(',')[1]],
    ['no signature', header.split(',')[0]],
    ['a cut signature', header.slice(0, -1)],
    ['a second time before it', `t=1,${header}`],
    ['a second time behind it', `${header},t=1`],
    ['a strange time', header.replace(/t=\d+/, 't=1e9')],
    ['another signature', header.replace(/v1=.*/, `v1=${'0'.repeat(64)}`)],
    ['rubbish', ',,==,t,v1,\u0000'],
  ])('is not genuine with %s', (_, value) => {
    expect(isSigned(value, body, ['secret'], now)).toBe(false);
  });
});
