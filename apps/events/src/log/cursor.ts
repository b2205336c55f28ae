import { DomainError } from '@order-system/contracts/errors';
import { z } from 'zod';

/** Where a page ended. Events of one millisecond are told apart by version first, which keeps an aggregate in order. */
interface Position {
  occurredAt: Date;
  version: number;
  id: string;
}

export const toCursor = ({ occurredAt, version, id }: Position): string =>
  Buffer.from(`${occurredAt.getTime()}.${version}.${id}`).toString('base64url');

const LAST_MS = 8.64e15;
const LAST_VERSION = 2_147_483_647;

export function fromCursor(cursor: string): Position {
  const [ms, version, id] = Buffer.from(cursor, 'base64url').toString().split('.');
  const known = z.guid().safeParse(id);
  const isWithin = (text: string | undefined, most: number) =>
    /^\d{1,16}$/.test(text ?? '') && Number(text) <= most;
  if (!known.success || !isWithin(ms, LAST_MS) || !isWithin(version, LAST_VERSION))
    throw new DomainError('VALIDATION_FAILED', 'cursor: take it from meta.nextCursor of the page before.', {
      errors: [{ path: 'cursor', message: 'is none that a page has given' }],
    });
  return { occurredAt: new Date(Number(ms)), version: Number(version), id: known.data };
}
