import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { DATA_SERVICES } from '@order-system/prisma/roles';
import { APPS } from '../start/plan.ts';

const ROOT = join(import.meta.dirname, '../..');
const apps = readdirSync(join(ROOT, 'apps')).filter((app) => app !== 'embedded');
const services = apps.filter((app) => app !== 'gateway');

/** The first list behind the words, in a file that cannot be loaded here. */
function listIn(file: string, words: string): string[] {
  const [, list = ''] = readFileSync(join(ROOT, file), 'utf8').split(words);
  return [...list.slice(0, list.indexOf(']')).matchAll(/\w+/g)].map(([name]) => name);
}

it.each([
  ['a process', APPS, apps],
  ['a role', DATA_SERVICES, services],
  ['a schema', listIn('libs/prisma/schema/schema.prisma', 'schemas  = ['), services],
  ['a part in one process', listIn('apps/embedded/src/main.ts', 'runTogether(['), apps],
  ['a line in /health', listIn('apps/gateway/src/routes/health.controller.ts', 'SERVICES = ['), services],
])('every service has %s', (_, listed, wanted) => {
  expect([...listed].sort()).toEqual([...wanted].sort());
});

it('every service has its events and consumers in the documentation', () => {
  const source = readFileSync(join(ROOT, 'tools/checks/events-doc.ts'), 'utf8');
  const loaded = [...source.matchAll(/import\('@order-system\/([a-z-]+)-app\//g)].map(([, name]) => name);
  expect(loaded.sort()).toEqual([...services].sort());
});
