import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';

let root: string;
/** A checkout with nothing installed, and an npm that writes down what it is asked for and leaves out the pinned Node. */
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bootstrap-'));
  for (const folder of ['tools/shared', 'bin']) mkdirSync(join(root, folder), { recursive: true });
  copyFileSync(join(import.meta.dirname, 'bootstrap.mjs'), join(root, 'tools/shared/bootstrap.mjs'));
  writeFileSync(join(root, 'package-lock.json'), '{}');
  writeFileSync(join(root, 'tools/hello.mjs'), 'console.log("hello")');
  writeFileSync(join(root, 'bin/npm'), '#!/bin/sh\necho "$@" > asked\n', { mode: 0o755 });
});
afterEach(() => rmSync(root, { recursive: true }));

function boot() {
  const code = `import('./tools/shared/bootstrap.mjs').then(({ bootstrap }) => bootstrap('tools/hello.mjs'))`;
  const PATH = [join(root, 'bin'), process.env['PATH']].join(delimiter);
  const env = { ...process.env, PATH };
  return spawnSync(process.execPath, ['-e', code], { cwd: root, env, encoding: 'utf8' });
}

it('installs what building and running need, also where npm is told to leave that out, as in production', () => {
  boot();
  expect(readFileSync(join(root, 'asked'), 'utf8')).toMatch(/^ci .*--include=dev --include=optional/);
});

it('says so when npm skipped the install scripts, without which there is no pinned Node', () => {
  const { status, stdout, stderr } = boot();
  expect(stderr).toMatch(/npm left out .*ignore-scripts.* Remedy: npm ci --ignore-scripts=false/);
  expect(status).toBe(1);
  expect(stdout).not.toContain('hello');
});
