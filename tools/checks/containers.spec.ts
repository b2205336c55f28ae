import { globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

const ROOT = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

const found = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, name]) => name).sort();

it('the image is installed from the package.json of every workspace', () => {
  const workspaces = globSync('{apps,libs}/*/package.json', { cwd: ROOT }).sort();
  expect(found(read('Dockerfile'), /^COPY (\S+\/package\.json) /gm)).toEqual(workspaces);
});

it('docker-compose.yml starts every app but the one that hosts them all', () => {
  const apps = readdirSync(join(ROOT, 'apps')).filter((app) => app !== 'embedded');
  expect(found(read('docker-compose.yml'), /APP: (\w+)/g)).toEqual(apps.sort());
});

it('the image that all apps share is built once: two builds that are exported under one name at a time collide', () => {
  const [shared, services] = read('docker-compose.yml').split('\nservices:\n');
  expect(shared).not.toMatch(/^ +build:/m);
  expect(services?.match(/^ +build:/gm)).toHaveLength(1);
});

it('a container gets as much memory as a process that npm start starts', () => {
  const start = read('tools/start/service.ts');
  const options = /one: \[(.+)\]/.exec(start)?.[1]?.match(/--[\w=-]+/g);
  expect(options).toEqual(expect.arrayContaining([expect.any(String)]));
  const [, name, value] = /MALLOC = \{ (\w+): '(\d+)' \}/.exec(start) ?? [];
  expect(read('Dockerfile')).toContain(`ENV ${name}=${value}\n`);
  expect(read('Dockerfile')).toContain(`exec node ${options?.join(' ')} apps/`);
});

it('the address people know is at the port that .env chooses', () => {
  expect(read('docker-compose.yml')).toContain('PUBLIC_URL: ${PUBLIC_URL:-http://localhost:${PORT:-3000}}');
});

it('PostgreSQL counts as healthy once it can be reached, not while its image still sets it up', () => {
  expect(read('docker-compose.yml')).toContain("'pg_isready -h 127.0.0.1 -U postgres -d order_system'");
});
