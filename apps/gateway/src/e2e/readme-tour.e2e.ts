import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { e2e } from '@order-system/testing/e2e';

const run = promisify(execFile);
const README = new URL('../../../../README.md', import.meta.url);
const BLOCK = /^```bash\n(.*?)^```$/gms;
const PRINTED = /^#=> (.*)$/gm;

it('the tour in the README works word for word and prints what it says', async () => {
  const blocks = [...(await readFile(README, 'utf8')).matchAll(BLOCK)].map(([, block = '']) => block);
  const tour = blocks.join('\n');
  const expected = [...tour.matchAll(PRINTED)].map(([, line]) => line);
  const env = { ...process.env, API: `${e2e.url}/api`, ADMIN_PASSWORD: e2e.admin.password };
  // --norc: with a socket for its input bash may take itself for a remote shell and read its start-up files.
  const { stdout, stderr } = await run('bash', ['--norc', '-u', '-c', tour], { env, timeout: 90_000 });
  expect(stderr).toBe('');
  expect(stdout.trimEnd().split('\n')).toEqual(expected);
  expect(expected).toContain('COMPLETED');
}, 100_000);
