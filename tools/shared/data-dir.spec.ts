import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { Problem } from './console.ts';
import { dataDir } from './data-dir.ts';

const before = process.env['DATA_DIR'];
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'order-system-data-dir-'));
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  if (before === undefined) delete process.env['DATA_DIR'];
  else process.env['DATA_DIR'] = before;
});

it('is made where DATA_DIR says', () => {
  process.env['DATA_DIR'] = join(folder, 'new/data');
  expect(dataDir()).toBe(join(folder, 'new/data'));
  expect(dataDir()).toBe(join(folder, 'new/data'));
});

it('lets PostgreSQL through, which is another user when this one is root, whatever the umask', () => {
  const umask = process.umask(0o077);
  process.env['DATA_DIR'] = join(folder, 'closed');
  expect(statSync(dataDir()).mode & 0o777).toBe(process.getuid?.() === 0 ? 0o711 : 0o700);
  process.umask(umask);
});

it('that cannot be made is named, with the remedy', () => {
  writeFileSync(join(folder, 'file'), '');
  process.env['DATA_DIR'] = join(folder, 'file/data');
  expect(dataDir).toThrow(Problem);
  expect(dataDir).toThrow(`${join(folder, 'file/data')} (ENOTDIR). Remedy: set DATA_DIR`);
});
