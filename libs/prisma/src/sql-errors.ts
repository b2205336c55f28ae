const codeOf = (error: unknown): string => {
  if (typeof error !== 'object' || error === null) return '';
  const { code, originalCode, cause } = error as { code?: unknown; originalCode?: unknown; cause?: unknown };
  if (typeof originalCode === 'string') return originalCode;
  // Prisma wraps what the driver said: P2010 and P2034 carry the SQLSTATE in their cause.
  if (cause !== undefined && cause !== error && (typeof code !== 'string' || code.startsWith('P'))) {
    const inner = codeOf(cause);
    if (inner !== '') return inner;
  }
  return typeof code === 'string' ? code : '';
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

const GONE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOENT',
  'P1001',
  'P1002',
  'P1008',
  'P1017',
  'P2024',
  'P2028',
  '53100', // disk full
  '53200', // out of memory
  '53300', // too many connections
  '25006', // it only reads, as after a failover
  '57P01',
  '57P02',
  '57P03',
  '57P05',
]);
const OVERLOADED = new Set([
  '55P03', // lock timeout
  '57014', // statement timeout
  '25P03', // idle in transaction timeout
]);
const GONE_TEXT =
  /terminat|timeout exceeded when trying to connect|Query read timeout|Client has encountered|not queryable/i;

/** The database cannot be reached, or does not answer in time. */
export const isUnavailable = (error: unknown): boolean =>
  OVERLOADED.has(codeOf(error)) || isDisconnected(error);

/** The connection was lost or cannot be had, or takes no writes; nothing is wrong with the statement. */
export function isDisconnected(error: unknown): boolean {
  const code = codeOf(error);
  if (GONE.has(code) || code.startsWith('08')) return true;
  return error instanceof Error && code === '' && GONE_TEXT.test(error.message);
}
