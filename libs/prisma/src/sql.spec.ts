import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { allOf, type Sql, sql, wordsLike } from './sql.js';

describe('a statement', () => {
  it('never contains a value, only its number', () => {
    const evil = "'; DROP TABLE orders; --";
    const { text, values } = sql`SELECT * FROM t WHERE a = ${evil} AND b = ${7}`;
    expect({ text, values }).toEqual({ text: 'SELECT * FROM t WHERE a = $1 AND b = $2', values: [evil, 7] });
  });

  it('takes lists, null and nothing at all', () => {
    const { text, values } = sql`SELECT ${['a', 'b']}::text[], ${null}, ${undefined}`;
    expect({ text, values }).toEqual({
      text: 'SELECT $1::text[], $2, $3',
      values: [['a', 'b'], null, undefined],
    });
    expect(sql`SELECT 1`).toMatchObject({ text: 'SELECT 1', values: [] });
  });

  it('has one name for one text, wherever and with whatever values it is written', () => {
    const here = (id: number) => sql`SELECT * FROM t WHERE id = ${id}`;
    const there = (id: number) => sql`SELECT * FROM t WHERE id = ${id}`;
    const other = (id: number) => sql`SELECT * FROM u WHERE id = ${id}`;
    expect(new Set([here(1).name, here(2).name, there(3).name]).size).toBe(1);
    expect(other(1).name).not.toBe(here(1).name);
    expect(here(1).name).toBeTruthy();
  });

  it('keeps its values to itself', () => {
    const find = (id: number) => sql`SELECT * FROM t WHERE id = ${id}`;
    const [first, second] = [find(1), find(2)];
    expect([first.values, second.values]).toEqual([[1], [2]]);
  });
});

describe('parts of a statement', () => {
  it('are numbered as they stand in the whole', () => {
    const inner = sql`b = ${2} OR c = ${3}`;
    const { text, values } = sql`SELECT * FROM t WHERE a = ${1} AND (${inner}) AND d = ${4}`;
    expect(text).toBe('SELECT * FROM t WHERE a = $1 AND (b = $2 OR c = $3) AND d = $4');
    expect(values).toEqual([1, 2, 3, 4]);
  });

  it('may hold parts, and be used more than once', () => {
    const leaf = sql`x = ${'leaf'}`;
    const branch = sql`(${leaf} OR ${leaf})`;
    const { text, values } = sql`SELECT ${branch} AND ${sql`true`} AND y = ${1}`;
    expect(text).toBe('SELECT (x = $1 OR x = $2) AND true AND y = $3');
    expect(values).toEqual(['leaf', 'leaf', 1]);
    expect(leaf.values).toEqual(['leaf']);
  });

  it('make the same statement as one that was written in one piece', () => {
    const composed = sql`SELECT * FROM t WHERE ${sql`a = ${1}`}`;
    const whole = sql`SELECT * FROM t WHERE a = ${1}`;
    expect(composed).toMatchObject({ text: whole.text, values: whole.values, name: whole.name });
  });

  it('of another shape make another statement', () => {
    const find = (where: Sql) => sql`SELECT * FROM t WHERE ${where}`;
    expect(find(sql`a = ${1}`).name).toBe(find(sql`a = ${2}`).name);
    expect(find(sql`a = ${1}`).name).not.toBe(find(sql`b = ${1}`).name);
  });

  it('of any number and depth keep values and numbers together', () => {
    const tree = fc.letrec<{ node: Sql }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 5 },
        fc.integer().map((value) => sql`v = ${value}`),
        fc.tuple(tie('node'), tie('node')).map(([left, right]) => sql`(${left} AND ${right})`),
        fc.tuple(tie('node'), fc.string()).map(([one, value]) => sql`(${one} OR w = ${value})`),
      ),
    })).node;
    fc.assert(
      fc.property(tree, (statement) => {
        const numbers = [...statement.text.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number));
        expect(numbers).toEqual(statement.values.map((_, index) => index + 1));
      }),
    );
  });
});

describe('conditions that must all hold', () => {
  it('are joined, each with its values', () => {
    const { text, values } = sql`SELECT FROM t WHERE ${allOf([sql`true`, sql`a = ${1}`, sql`b = ${2}`])}`;
    expect(text).toBe('SELECT FROM t WHERE true AND a = $1 AND b = $2');
    expect(values).toEqual([1, 2]);
    expect(allOf([sql`a = ${1}`])).toMatchObject({ text: 'a = $1', values: [1] });
  });
});

describe('the words of a search', () => {
  it('are told apart by blanks, each once, with % and _ as letters', () => {
    expect(wordsLike('100%  blue_mug \\ 100%')).toEqual(['100\\%', 'blue\\_mug', '\\\\']);
  });

  it('are at most eight, of which the last takes the rest', () => {
    expect(wordsLike('a b c d e f g h')).toHaveLength(8);
    expect(wordsLike('a b c d e f a h i  a')).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'h i a']);
  });
});
