import { describe, expect, it } from '@jest/globals';
import { DomainError, ERRORS, type ErrorCode } from '@order-system/contracts/errors';
import { problemHeaders, problemOf, refusalOf } from './problem.js';

describe('a problem', () => {
  it.each(Object.keys(ERRORS) as ErrorCode[])('of code %s has the status of the catalogue', (code) => {
    expect(problemOf(new DomainError(code, 'why'), 'c')).toEqual({
      type: `urn:order-system:problem:${code.toLowerCase().replaceAll('_', '-')}`,
      title: ERRORS[code].title,
      status: ERRORS[code].status,
      code,
      detail: 'why',
      correlationId: 'c',
    });
  });

  it('keeps its own members whatever the facts are called', () => {
    const error = new DomainError('NOT_FOUND', 'why', { status: 200, code: 'OK', available: 3 });
    expect(problemOf(error, 'c')).toMatchObject({ status: 404, code: 'NOT_FOUND', available: 3 });
  });

  it('says when to come back in whole seconds', () => {
    expect(problemHeaders(new DomainError('RATE_LIMITED', '', { retryAfter: 1.2 }))['retry-after']).toBe('2');
    expect(problemHeaders(new DomainError('IDEMPOTENCY_IN_PROGRESS', ''))['retry-after']).toBe('1');
    expect(problemHeaders(new DomainError('NOT_FOUND', ''))).not.toHaveProperty('retry-after');
  });
});

describe('what the server itself refuses', () => {
  it.each([
    [400, 'VALIDATION_FAILED'],
    [404, 'NOT_FOUND'],
    [413, 'PAYLOAD_TOO_LARGE'],
    [414, 'VALIDATION_FAILED'],
    [415, 'UNSUPPORTED_MEDIA_TYPE'],
  ])('with %i has code %s', (status, code) => expect(refusalOf(status)?.code).toBe(code));

  it.each([200, 500, 503])('is no refusal with %i', (status) => expect(refusalOf(status)).toBeUndefined());
});
