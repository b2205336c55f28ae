import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { SERVICES } from '@order-system/contracts/services';

const ROOT = join(import.meta.dirname, '../..');
const apps = readdirSync(join(ROOT, 'apps')).filter((app) => app !== 'embedded');
const services = apps.filter((app) => app !== 'gateway');

/** The first list behind the words, in a file that cannot be loaded here. */
function listIn(file: string, words: string): string[] {
  const [, list = ''] = readFileSync(join(ROOT, file), 'utf8').split(words);
  return [...list.slice(0, list.indexOf(']')).matchAll(/\w+/g)].map(([name]) => name);
}

const LIST = 'libs/contracts/src/services.ts';
const SCHEMA = 'libs/prisma/schema/schema.prisma';
const EMBEDDED = 'apps/embedded/src/main.ts';

it.each([
  ['a process, a role, a line in /health and its events in the documentation', LIST, SERVICES, services],
  ['a schema', SCHEMA, listIn(SCHEMA, 'schemas  = ['), services],
  ['a part in one process', EMBEDDED, listIn(EMBEDDED, 'runTogether(['), apps],
])('every service has %s, by its name in %s', (_, __, listed, wanted) => {
  expect([...listed].sort()).toEqual([...wanted].sort());
});
