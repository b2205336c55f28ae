import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { DomainError, type ErrorCode, ERRORS, hasCode, isFinalRefusal, notFound } from './errors.js';

const DOCS = new URL('../../../docs/errors.md', import.meta.url);
const ROW = /^\| `([A-Z_]+)` *\| (\d+) *\| (yes|no) *\| (.+?) *\| (.+?) *\|$/gm;

const documented = [...readFileSync(DOCS, 'utf8').matchAll(ROW)].map(
  ([, code = '', status, again, title = '', remedy = '']) => ({
    code,
    status: Number(status),
    retryable: again === 'yes',
    title,
    remedy,
  }),
);

describe('docs/errors.md', () => {
  it('lists every error once, and no other', () => {
    expect(documented.map(({ code }) => code).sort()).toEqual(Object.keys(ERRORS).sort());
  });

  it.each(documented)('says of $code what the catalogue says', ({ code, status, retryable, title }) => {
    expect(ERRORS[code as ErrorCode]).toEqual({ status, retryable, title });
  });

  it.each(documented)('says what to do about $code', ({ remedy }) => {
    expect(remedy).toMatch(/\w.*\.$/);
  });
});

describe('a refusal', () => {
  it('has the status of its code, and its facts', () => {
    const error = new DomainError('OUT_OF_STOCK', 'Two are left.', { available: 2 });
    expect(error).toMatchObject({ status: 409, retryable: false, facts: { available: 2 } });
  });

  it('says the same of what does not exist and of what is not yours', () => {
    expect(notFound('order')).toMatchObject({ code: 'NOT_FOUND', detail: 'There is no such order.' });
  });

  it('is told by its code, and from what may succeed later or is no refusal at all', () => {
    const [gone, stale] = [notFound('order'), new DomainError('STALE_WRITE', 'Try again.')];
    expect(
      [gone, stale, new Error('NOT_FOUND'), undefined].map((error) => hasCode(error, 'NOT_FOUND')),
    ).toEqual([true, false, false, false]);
    expect([gone, stale].map((error) => hasCode(error, 'NOT_FOUND', 'STALE_WRITE'))).toEqual([true, true]);
    expect([gone, stale, new Error('NOT_FOUND')].map(isFinalRefusal)).toEqual([true, false, false]);
  });

  it.each(Object.entries(ERRORS))('%s is an error of HTTP', (_, { status, retryable }) => {
    expect(status).toBeGreaterThanOrEqual(400);
    if (status >= 500) expect(retryable).toBe(true);
  });
});
