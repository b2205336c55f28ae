import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

const ROOT = join(import.meta.dirname, '../..');
const SOURCES = '{apps,libs}/*/src/**/*.ts';
const EXPORT = /^export (?:async )?(?:const|function|class|interface|type|enum) (\w+)/gm;

/** Blocks of the configuration, which the start finds by their names. */
const FOUND_BY_NAME = /Block$/;

/** The compiler sees what is unused within a file; an export it takes for used. */
it('nothing is exported that no other file uses', () => {
  const files = globSync([SOURCES, 'tools/**/*.{ts,mjs}'], { cwd: ROOT });
  const texts = files
    .filter((file) => !file.includes('generated'))
    .map((file) => readFileSync(join(ROOT, file), 'utf8'));
  const filesWith = new Map<string, number>();
  for (const text of texts)
    for (const word of new Set(text.match(/[A-Za-z_$][\w$]*/g)))
      filesWith.set(word, (filesWith.get(word) ?? 0) + 1);
  const names = texts.flatMap((text) => [...text.matchAll(EXPORT)].map(([, name = '']) => name));
  expect(names.length).toBeGreaterThan(500);
  expect(names.filter((name) => filesWith.get(name) === 1 && !FOUND_BY_NAME.test(name))).toEqual([]);
});
