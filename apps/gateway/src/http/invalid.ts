import { DomainError, type FieldError } from '@order-system/contracts/errors';
import type { z } from 'zod';

const MOST_ERRORS = 50;

/** 400 that names one field; '' is the request as a whole. */
export const invalid = (path: string, message: string): DomainError => refused([{ path, message }]);

export const refused = (errors: FieldError[]): DomainError =>
  new DomainError('VALIDATION_FAILED', 'Some fields are missing or not valid; see errors.', {
    errors: errors.slice(0, MOST_ERRORS),
  });

/** What is wrong where, in the words of the schema. */
export const fieldErrors = (error: z.core.$ZodError): FieldError[] =>
  error.issues.flatMap((issue) => describe(issue, []));

function describe(issue: z.core.$ZodIssue, above: PropertyKey[]): FieldError[] {
  const path = [...above, ...issue.path];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: join([...path, key]), message: 'is not a known field' }));
    case 'invalid_union': {
      const best = issue.errors.toSorted((a, b) => a.length - b.length)[0];
      if (best?.length) return best.flatMap((inner) => describe(inner, path));
      return [{ path: join(path), message: issue.message }];
    }
    default:
      return [{ path: join(path), message: issue.message }];
  }
}

const join = (path: PropertyKey[]): string => path.map(String).join('.');
