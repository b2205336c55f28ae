import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

const ROOT = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

it('every metric is in docs/operations.md with its labels, and no other', () => {
  const made = read('libs/observability/src/metrics.ts').matchAll(
    /(?:seconds|counter|new Levels)\(\s*'(\w+)',\s*'[^']+',\s*\[([^\]]+)\]/g,
  );
  const documented = read('docs/operations.md').matchAll(/^\| `([a-z_]+)` \| ([a-z, ]+) \|/gm);
  const rows = [...made].map(
    ([, name, labels = '']) => `${name}: ${[...labels.matchAll(/\w+/g)].join(', ')}`,
  );
  expect(rows.length).toBeGreaterThan(0);
  expect([...documented].map(([, name, labels]) => `${name}: ${labels}`).sort()).toEqual(rows.sort());
});
