import { isFinalRefusal } from '@order-system/contracts/errors';
import { z } from 'zod';

/** The message itself is wrong: no later attempt can succeed. */
export class PoisonMessage extends Error {}

/** An earlier event of the same aggregate has not been applied yet. */
export class EarlyEvent extends Error {}

/** Can the same message succeed later? A refusal by a rule and a broken message cannot. */
export const isPermanent = (error: unknown): boolean =>
  error instanceof PoisonMessage || error instanceof z.core.$ZodError || isFinalRefusal(error);

const MOST_ERROR_TEXT = 512;

/** For a text column: errors quote messages, which may hold NUL. */
export const errorText = (error: unknown): string =>
  (error instanceof Error ? `${error.name}: ${error.message}` : String(error))
    .slice(0, MOST_ERROR_TEXT)
    .replaceAll('\0', '')
    .toWellFormed();
