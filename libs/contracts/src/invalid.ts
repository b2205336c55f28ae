import type { z } from 'zod';
import { DomainError, type FieldError } from './errors.js';

/** Who sends thousands of wrong fields is not answered with thousands of lines. */
const MOST_ERRORS = 50;

/** VALIDATION_FAILED that names one field; '' is the request as a whole. */
export const invalid = (path: string, message: string): DomainError => refusal([{ path, message }]);

/** VALIDATION_FAILED that names what the schema refused, or the first of it. */
export const invalidFields = (error: z.core.$ZodError): DomainError => refusal(fieldErrors(error));

function refusal(all: FieldError[]): DomainError {
  const errors = all.slice(0, MOST_ERRORS);
  const detail = errors.map(({ path, message }) => `${path || 'The request'}: ${message}`).join('; ');
  return new DomainError('VALIDATION_FAILED', detail, { errors });
}

/** What is wrong where, in the words of the schema. */
export const fieldErrors = (error: z.core.$ZodError): FieldError[] =>
  error.issues.flatMap((issue) => describe(issue, []));

/** Is all that is wrong fields, or values of a list, that the schema does not know? It has to be parsed with `reportInput`. */
export const isOnlyUnknown = ({ issues }: { issues: readonly z.core.$ZodIssue[] }): boolean =>
  issues.length > 0 && issues.every(isUnknown);

const isUnknown = (issue: z.core.$ZodIssue): boolean =>
  issue.code === 'unrecognized_keys' ||
  (issue.code === 'invalid_value' && typeof issue.input === 'string') ||
  (issue.code === 'invalid_union' && issue.errors.some((issues) => isOnlyUnknown({ issues })));

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
    case 'invalid_type':
      // JSON has no undefined, so a client would look for it in vain.
      return [{ path: join(path), message: issue.message.replace(/^.*received undefined$/, 'is missing') }];
    default:
      return [{ path: join(path), message: issue.message }];
  }
}

const join = (path: PropertyKey[]): string => path.map(String).join('.');
