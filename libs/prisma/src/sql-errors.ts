interface Failure {
  readonly code?: unknown;
  readonly originalCode?: unknown;
  readonly severity?: unknown;
  readonly cause?: unknown;
  readonly meta?: { readonly driverAdapterError?: unknown };
}

const failureOf = (error: unknown): Failure => (typeof error === 'object' && error !== null ? error : {});

/** What the driver said, which Prisma wraps. */
function innerOf(failure: Failure): unknown {
  const inner = failure.cause ?? failure.meta?.driverAdapterError;
  return inner === failure ? undefined : inner;
}

const codeOf = (error: unknown): string => {
  const failure = failureOf(error);
  const { code, originalCode } = failure;
  if (typeof originalCode === 'string') return originalCode;
  const own = typeof code === 'string' ? code : '';
  const inner = innerOf(failure);
  if (inner === undefined || !(own === '' || own.startsWith('P'))) return own;
  return codeOf(inner) || own;
};

/** Serialisation failure or deadlock: the same transaction may succeed when run again. */
export const isConflict = (error: unknown): boolean => ['40001', '40P01', 'P2034'].includes(codeOf(error));

/** A table has changed since the connection prepared the statement: it does not run on this connection any more. */
export const isOutdated = (error: unknown): boolean =>
  codeOf(error) === '0A000' && (error as { routine?: string }).routine === 'RevalidateCachedQuery';

/** Is the error a broken unique constraint, of this name when one is given? */
export function isDuplicate(error: unknown, constraint?: string): boolean {
  if (codeOf(error) !== '23505') return false;
  return constraint === undefined || (error as { constraint?: string }).constraint === constraint;
}

/** How the codes begin. */
const GONE = [
  // Node
  ...['EACCES', 'EADDR', 'EAI_', 'ECONN', 'EHOST', 'EMFILE', 'ENET', 'ENFILE', 'ENOBUFS', 'ENOENT', 'ENOMEM'],
  ...['ENOTFOUND', 'EPERM', 'EPIPE', 'ETIMEDOUT'],
  ...['ERR_SSL_', 'ERR_TLS_', 'CERT_', 'DEPTH_ZERO_', 'SELF_SIGNED_', 'UNABLE_TO_'],
  // SQLSTATE
  '08',
  '25006', // it only reads, as after a failover
  '28', // the login is refused
  '3D000', // there is no such database
  '53', // no room on the disk, no memory, no connection
  '57P0', // it ends or begins
  '58', // its files cannot be read or written
  // Prisma
  ...['P10', 'P2024', 'P2028'],
];
const OVERLOADED = new Set([
  '55P03', // lock timeout
  '57014', // statement timeout
  '25P03', // idle in transaction timeout
]);
const GONE_TEXT =
  /terminat|timeout exceeded when trying to connect|Query read timeout|Client has encountered|not queryable|SSL connection|^SASL/i;

/** The database cannot be reached, or does not answer in time. */
export const isUnavailable = (error: unknown): boolean =>
  OVERLOADED.has(codeOf(error)) || isDisconnected(error);

/** The connection was lost or cannot be had, or there is no room to write; nothing is wrong with the statement. */
export function isDisconnected(error: unknown): boolean {
  const code = codeOf(error);
  if (OVERLOADED.has(code)) return false;
  if (GONE.some((start) => code.startsWith(start)) || hasEnded(error)) return true;
  return error instanceof Error && code === '' && GONE_TEXT.test(error.message);
}

/** PostgreSQL's FATAL is about the connection, not about what was to be done on it. */
function hasEnded(error: unknown): boolean {
  const failure = failureOf(error);
  const inner = innerOf(failure);
  return ['FATAL', 'PANIC'].includes(String(failure.severity)) || (inner !== undefined && hasEnded(inner));
}
