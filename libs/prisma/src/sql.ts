import { createHash } from 'node:crypto';

/** A statement, or a part of one, with its values; `name` makes PostgreSQL plan it once per connection. */
export interface Sql {
  readonly text: string;
  readonly values: unknown[];
  readonly name: string;
  readonly parts: { readonly strings: readonly string[]; readonly values: readonly unknown[] };
}

interface Prepared {
  text: string;
  name: string;
}
const prepared = new WeakMap<TemplateStringsArray, Prepared>();

const isSql = (value: unknown): value is Sql =>
  typeof value === 'object' && value !== null && 'parts' in value;

/**
 * sql`SELECT * FROM t WHERE id = ${id}`: every value becomes a parameter, lists as arrays: `= ANY(${ids})`. A value that
 * is itself sql`...` becomes a part of the statement.
 */
export function sql(strings: TemplateStringsArray, ...values: unknown[]): Sql {
  const parts = { strings, values };
  if (values.some(isSql)) return compose(parts);
  let known = prepared.get(strings);
  if (!known) {
    known = prepare(strings.reduce((all, part, index) => `${all}$${index}${part}`));
    prepared.set(strings, known);
  }
  return { ...known, values, parts };
}

/** Conditions that must all hold; at least one. */
export const allOf = (conditions: readonly Sql[]): Sql =>
  conditions.reduce((all, one) => sql`${all} AND ${one}`);

/** Not once for all values, where rare ones and frequent ones need different plans. */
export const plannedAnew = (statement: Sql): Sql => ({ ...statement, name: '' });

/** Each is looked for in every row that the others are in; of what is longer the end stays together. */
const MOST_WORDS = 8;

/** The words of what people look for, each to be searched for with LIKE: % and _ in it are letters, not wildcards. */
export function wordsLike(search: string): string[] {
  const words = search.split(/\s+/);
  const rest = words.splice(MOST_WORDS - 1).join(' ');
  const all = new Set([...words, rest]);
  all.delete('');
  return [...all].map((word) => word.replace(/[\\%_]/g, '\\$&'));
}

function compose(parts: Sql['parts']): Sql {
  const values: unknown[] = [];
  const textOf = ({ strings, values: own }: Sql['parts']): string =>
    strings.reduce((all, part, index) => {
      const value = own[index - 1];
      return all + (isSql(value) ? textOf(value.parts) : `$${values.push(value)}`) + part;
    });
  return { ...prepare(textOf(parts)), values, parts };
}

const MOST_NAMES = 1000;
const names = new Map<string, string>();

function prepare(text: string): Prepared {
  let name = names.get(text);
  if (name === undefined) {
    if (names.size >= MOST_NAMES) names.clear();
    name = createHash('sha1').update(text).digest('base64url');
    names.set(text, name);
  }
  return { text, name };
}
