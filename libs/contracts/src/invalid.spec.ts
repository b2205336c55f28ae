import { expect, it } from '@jest/globals';
import { z } from 'zod';
import { fieldErrors, invalid, invalidFields } from './invalid.js';

it('field errors name unknown fields and look into unions', () => {
  const schema = z.strictObject({
    items: z.array(z.union([z.strictObject({ id: z.uuid() }), z.strictObject({ n: z.int() })])),
  });
  const result = schema.safeParse({ items: [{ id: 'x' }], admin: true });
  expect(fieldErrors(result.error as z.ZodError).map(({ path }) => path)).toEqual(['items.0.id', 'admin']);
});

it('the refusal says in one line what is wrong where, and of very much only the first', () => {
  expect(invalid('', 'must be UTF-8')).toMatchObject({
    code: 'VALIDATION_FAILED',
    detail: 'The request: must be UTF-8',
    facts: { errors: [{ path: '', message: 'must be UTF-8' }] },
  });
  const many = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`field${n}`, n]));
  const { detail, facts } = invalidFields(z.strictObject({}).safeParse(many).error as z.ZodError);
  expect(facts.errors).toHaveLength(50);
  expect(detail).toMatch(/^field0: is not a known field; field1: .*; field49: is not a known field$/);
});
