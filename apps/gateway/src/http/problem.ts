import { DomainError, ERRORS, type ErrorCode } from '@order-system/contracts/errors';

/** RFC 9457. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: ErrorCode;
  detail: string;
  correlationId: string;
  [fact: string]: unknown;
}

export const PROBLEM_JSON = 'application/problem+json; charset=utf-8';

export const problemType = (code: ErrorCode): string =>
  `urn:order-system:problem:${code.toLowerCase().replaceAll('_', '-')}`;

export function problemOf({ code, detail, facts }: DomainError, correlationId: string): Problem {
  const { status, title } = ERRORS[code];
  return { ...facts, type: problemType(code), title, status, code, detail, correlationId };
}

const RETRY_AFTER_S: Partial<Record<ErrorCode, number>> = {
  IDEMPOTENCY_IN_PROGRESS: 1,
  SERVICE_UNAVAILABLE: 2,
  RATE_LIMITED: 60,
};

/** Headers that belong to a refusal. A refusal may say itself when to come back, in seconds: `retryAfter`. */
export function problemHeaders({ code, facts }: DomainError): Record<string, string> {
  const wait = typeof facts['retryAfter'] === 'number' ? Math.ceil(facts['retryAfter']) : RETRY_AFTER_S[code];
  return {
    'content-type': PROBLEM_JSON,
    'cache-control': 'no-store',
    ...(wait === undefined ? {} : { 'retry-after': String(wait) }),
    ...(code === 'UNAUTHENTICATED' ? { 'www-authenticate': 'Bearer' } : {}),
    ...(code === 'METHOD_NOT_ALLOWED' && Array.isArray(facts['allow'])
      ? { allow: facts['allow'].join(', ') }
      : {}),
  };
}

const DETAILS: Partial<Record<ErrorCode, string>> = {
  NOT_FOUND: 'There is nothing at this address.',
  PAYLOAD_TOO_LARGE: 'The body may have at most 1 MB.',
  UNSUPPORTED_MEDIA_TYPE: 'Send the body as application/json in UTF-8.',
  VALIDATION_FAILED: 'The request could not be read.',
};

const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  413: 'PAYLOAD_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  429: 'RATE_LIMITED',
};

/** What the HTTP server itself refused, in our words; undefined when it is no refusal but a defect. */
export function refusalOf(status: number): DomainError | undefined {
  if (status < 400 || status >= 500) return undefined;
  const code = BY_STATUS[status] ?? 'VALIDATION_FAILED';
  return new DomainError(code, DETAILS[code] ?? ERRORS[code].title);
}

export const internal = (): DomainError =>
  new DomainError('INTERNAL', 'The error was recorded; the correlation id finds it.');
