import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

const ROOT = join(import.meta.dirname, '../..');
const SOURCES = '{apps,libs}/*/src/**/*.ts';
const EXPORT = /^export (?:async )?(?:const|function|class|interface|type|enum) (\w+)/gm;

/** The compiler sees what is unused within a file; an export it takes for used. */
it('nothing is exported that nobody uses', () => {
  const files = globSync([SOURCES, 'tools/**/*.{ts,mjs}'], { cwd: ROOT });
  const texts = files
    .filter((file) => !file.includes('generated'))
    .map((file) => readFileSync(join(ROOT, file), 'utf8'));
  const uses = new Map<string, number>();
  for (const [word] of texts.join('\n').matchAll(/[A-Za-z_$][\w$]*/g))
    uses.set(word, (uses.get(word) ?? 0) + 1);
  const names = texts.flatMap((text) => [...text.matchAll(EXPORT)].map(([, name = '']) => name));
  expect(names.length).toBeGreaterThan(500);
  expect(names.filter((name) => uses.get(name) === 1)).toEqual([]);
});
