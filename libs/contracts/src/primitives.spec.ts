import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { Id, Instant, Json, Search, text } from './primitives.js';

it('takes an id in either case, however deep it is, and has it in lower case from then on', () => {
  const Deep = z.strictObject({ lines: z.array(z.union([z.object({ id: Id.nullable() }), z.int()])) });
  const deep = (id: string) => ({ lines: [1, { id }] });
  const id = '0190a0b0-0000-7000-8000-00000000000a';
  for (const parse of [Deep.parse, (value: z.output<typeof Deep>) => z.encode(Deep, value)])
    expect(parse(deep(id.toUpperCase()))).toEqual(deep(id));
});

describe('a time', () => {
  it.each([
    '0001-01-01T00:00:00.000Z',
    '9999-12-31T23:59:59.999Z',
    '0000-12-31T23:00:00-01:00',
    '2026-01-31T09:30:00+01:00',
  ])('is %s', (text) => {
    const { data } = Instant.safeParse(text);
    expect(data).toEqual(new Date(text));
    expect(z.encode(Instant, data!)).toBe(new Date(text).toISOString());
  });

  it.each([
    '0000-01-01T00:00:00Z',
    '0000-12-31T23:59:59.999Z',
    '0001-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59-23:59',
  ])('is not %s, which nothing behind the door could take', (text) => {
    expect(Instant.safeParse(text).error?.issues).toMatchObject([
      { message: 'must be in the years 0001 to 9999 of UTC' },
    ]);
  });

  it('can be sent on when it was taken', () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: false }), (date) => {
        const text = Number.isNaN(date.getTime()) ? 'never' : date.toISOString();
        const { data } = Instant.safeParse(text);
        if (data) expect(z.encode(Instant, data)).toBe(text);
      }),
    );
  });
});

describe('text and JSON', () => {
  it.each(['\ud800', 'half \udc00', 'a NUL\u0000'])(
    'hold nothing that cannot be stored, such as %j',
    (bad) => {
      for (const value of [{ a: bad }, { [bad]: 1 }, { a: { b: [1, { c: bad }] } }, { a: [[[[bad]]]] }])
        expect(Json.safeParse(value).error?.issues).toMatchObject([{ message: 'must be well-formed text' }]);
      expect(text(0, 100).safeParse(bad).success).toBe(false);
    },
  );

  it('are looked for without the blanks around them', () => {
    expect(Search.parse(' blue mug\n')).toBe('blue mug');
    expect(Search.parse(`${'x'.repeat(100)} `)).toHaveLength(100);
    for (const none of ['', ' ', '\t\n', 'x'.repeat(101)]) expect(Search.safeParse(none).success).toBe(false);
  });

  it('hold whatever else people write', () => {
    const value = { 'größe 😀': ['e\u0301', null, 1, true, { deep: [[['\\ud800']]] }] };
    expect(Json.parse(value)).toEqual(value);
  });
});
