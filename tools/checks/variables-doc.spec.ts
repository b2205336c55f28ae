import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

const ROOT = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const textOf = (patterns: string[]) => globSync(patterns, { cwd: ROOT }).map(read).join('\n');

const [, table = ''] = read('README.md').split('## Configuration');
const documented = new Set(
  [...table.matchAll(/^\| (`.+?`) \|/gm)].flatMap(([, names = '']) => names.match(/[A-Z][A-Z0-9_]+/g) ?? []),
);

it('every variable that a service reads is in the table of the README', () => {
  const source = textOf([
    'libs/config/src/blocks.ts',
    '{apps,libs}/*/src/*.config.ts',
    'libs/service-host/src/run.ts',
  ]);
  const variables = [...source.matchAll(/^\s+([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*): /gm)].map(
    ([, name = '']) => name,
  );
  expect(variables.length).toBeGreaterThan(20);
  expect(variables.filter((name) => !documented.has(name))).toEqual([]);
});

it('every variable in the table of the README is read somewhere', () => {
  const source = textOf(['{apps,libs}/*/src/**/*.ts', 'tools/**/*.{ts,mjs}', 'docker-compose.yml']);
  expect([...documented].filter((name) => !new RegExp(`\\b${name}\\b`).test(source))).toEqual([]);
});
