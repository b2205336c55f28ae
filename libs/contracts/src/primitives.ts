import { z } from 'zod';

/** Upper and lower case are the same UUID. PostgreSQL answers in lower case, and so is what a contract lets in. */
export const Id = z.uuid().toLowerCase();

const FIRST = new Date('0001-01-01T00:00:00.000Z');
const LAST = new Date('9999-12-31T23:59:59.999Z');
const OUT_OF_RANGE = 'must be in the years 0001 to 9999 of UTC';

/** On a wire ISO 8601 text in UTC, inside a Date. There is no year 0 in SQL, nor a fifth digit in ISO 8601. */
export const Instant = z.codec(
  z.iso.datetime({ offset: true }),
  z.date().min(FIRST, OUT_OF_RANGE).max(LAST, OUT_OF_RANGE),
  {
    decode: (text) => new Date(text),
    encode: (date) => date.toISOString(),
  },
);

/** Where a span of time ends. */
export const Until = Instant.meta({ description: 'Up to this moment, which is no part of it' });

/** No NUL, which PostgreSQL cannot store, and no lone surrogates, which UTF-8 cannot. */
const isText = (value: string): boolean => !value.includes('\u0000') && value.isWellFormed();
const NO_TEXT = 'must be well-formed text';

export const wellFormed = <T extends z.ZodType<string>>(schema: T): T => schema.refine(isText, NO_TEXT);

/** Text as people type it. */
export const text = (min: number, max: number) => wellFormed(z.string().min(min).max(max));

/** A line of text that says something: not only blanks. */
export const line = (max: number) => text(1, max).regex(/\S/, 'must not be blank');

/** What people look for; a blank that a keyboard left at an end is no part of it. */
export const Search = wellFormed(z.string().trim().min(1).max(100)).meta({
  description: 'Words, all of which must occur, in any order and in either case; from the eighth on as one',
});

export const Quantity = z.int().min(1).max(1_000_000);

/** Keys and values, however deep. */
const holdsText = (value: unknown): boolean =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flat().every(holdsText)
    : typeof value !== 'string' || isText(value);

/** Small JSON of the customer's own; at most 8 kB. */
export const Json = z
  .record(z.string().max(100), z.json())
  .refine((value) => JSON.stringify(value).length <= 8192, 'must be at most 8 kB of JSON')
  .refine(holdsText, NO_TEXT);

const isNumber = (value: unknown): boolean =>
  typeof value === 'number' || (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value));

/** A number, also as a query string has it: in digits. Coercion alone takes nothing for 0, and 0x10 for 16. */
export const queryNumber = z
  .custom<number | string>(isNumber, 'must be a number')
  .meta({ type: 'number' })
  .pipe(z.coerce.number());

/** true or false, as a query string has it. */
export const QueryFlag = z.stringbool().meta({ type: 'boolean' });

export const queryInt = (minimum: number, maximum: number) =>
  queryNumber.pipe(z.int().min(minimum).max(maximum)).meta({ type: 'integer', minimum, maximum });

const MOST_PAGES = 1_000_000;
export const paging = {
  page: queryInt(1, MOST_PAGES).default(1),
  limit: queryInt(1, 100).default(20),
};

export const pageOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), total: z.int() });

export const Nothing = z.object({});

export const Role = z.enum(['user', 'admin']);
export type Role = z.output<typeof Role>;

/** Who caused a message. `guest` has no id; `system` is a timer or an event. */
export const Actor = z.object({
  id: Id.nullable(),
  role: z.enum(['guest', 'user', 'admin', 'system']),
  sessionId: Id.optional(),
});
export type Actor = z.output<typeof Actor>;

export const SYSTEM: Actor = { id: null, role: 'system' };
export const GUEST: Actor = { id: null, role: 'guest' };
