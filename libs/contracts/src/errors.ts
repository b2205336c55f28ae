/** Every error a client can meet: its HTTP status, and whether the same request may succeed a little later. */
export const ERRORS = {
  VALIDATION_FAILED: { status: 400, retryable: false, title: 'The request is not valid' },
  WEBHOOK_NOT_GENUINE: { status: 400, retryable: false, title: 'The webhook is not genuine' },
  UNAUTHENTICATED: { status: 401, retryable: false, title: 'Sign in first' },
  INVALID_CREDENTIALS: { status: 401, retryable: false, title: 'E-mail or password is wrong' },
  FORBIDDEN: { status: 403, retryable: false, title: 'Not allowed' },
  ROLE_NOT_ALLOWED: { status: 403, retryable: false, title: 'This role cannot be asked for' },
  NOT_FOUND: { status: 404, retryable: false, title: 'Not found' },
  METHOD_NOT_ALLOWED: { status: 405, retryable: false, title: 'Method not allowed' },
  ALREADY_PAID: { status: 409, retryable: false, title: 'The order is already paid' },
  BASKET_EMPTY: { status: 409, retryable: false, title: 'The basket is empty' },
  EMAIL_TAKEN: { status: 409, retryable: false, title: 'The e-mail address is taken' },
  IDEMPOTENCY_IN_PROGRESS: {
    status: 409,
    retryable: true,
    title: 'The first request under this key is still running',
  },
  ILLEGAL_TRANSITION: { status: 409, retryable: false, title: 'The order cannot do this now' },
  LAST_ADMIN: { status: 409, retryable: false, title: 'The last admin must stay' },
  NOT_PAYABLE: { status: 409, retryable: false, title: 'The order cannot be paid now' },
  ORDER_CHANGED: { status: 409, retryable: false, title: 'The order has been changed' },
  OUT_OF_STOCK: { status: 409, retryable: false, title: 'Not enough in stock' },
  PRICE_CHANGED: { status: 409, retryable: false, title: 'The price has changed' },
  REFRESH_RACED: { status: 409, retryable: false, title: 'The token was refreshed a moment ago' },
  REFUND_EXCEEDS_CAPTURED: {
    status: 409,
    retryable: false,
    title: 'More than was captured cannot be refunded',
  },
  REFUND_REFUSED: { status: 409, retryable: false, title: 'The provider refused the refund' },
  ROOM_CLOSED: { status: 409, retryable: false, title: 'The room is closed' },
  SKU_TAKEN: { status: 409, retryable: false, title: 'The SKU is taken' },
  STALE_WRITE: { status: 409, retryable: true, title: 'It was changed by someone else meanwhile' },
  PAYLOAD_TOO_LARGE: { status: 413, retryable: false, title: 'The request is too large' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, retryable: false, title: 'Send JSON' },
  IDEMPOTENCY_KEY_REUSED: { status: 422, retryable: false, title: 'The key was used for another request' },
  PAYMENT_METHOD_UNAVAILABLE: { status: 422, retryable: false, title: 'This payment method is not set up' },
  RATE_LIMITED: { status: 429, retryable: true, title: 'Too many requests' },
  INTERNAL: { status: 500, retryable: true, title: 'Something went wrong' },
  SERVICE_UNAVAILABLE: { status: 503, retryable: true, title: 'The service is not available right now' },
} as const satisfies Record<string, { status: number; retryable: boolean; title: string }>;

export type ErrorCode = keyof typeof ERRORS;

export interface FieldError {
  path: string;
  message: string;
}

/** Facts a client can act on, such as what is available or what is possible; they join the problem document. */
export type ErrorFacts = Record<string, unknown> & { errors?: FieldError[] };

/** A refusal that the caller should hear of. Anything else that is thrown is a defect or an outage. */
export class DomainError extends Error {
  constructor(
    readonly code: ErrorCode,
    readonly detail: string,
    readonly facts: ErrorFacts = {},
  ) {
    super(`${code}: ${detail}`);
    this.name = 'DomainError';
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }
}

/** Is it a refusal with one of these codes? */
export const hasCode = (error: unknown, ...codes: ErrorCode[]): boolean =>
  error instanceof DomainError && codes.includes(error.code);

/** A later attempt would be refused as well. */
export const isFinalRefusal = (error: unknown): boolean => error instanceof DomainError && !error.retryable;

/** The same answer for what does not exist and for what belongs to someone else. */
export const notFound = (what: string): DomainError =>
  new DomainError('NOT_FOUND', `There is no such ${what}.`);
