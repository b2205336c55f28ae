import { accessSync, constants, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { fail, ROOT } from './console.ts';

/** Where a start keeps its own things: the embedded database, development secrets, the lock. */
export function dataDir(): string {
  const folder = resolve(ROOT, process.env['DATA_DIR'] || '.data');
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    const { code = 'error' } = error as NodeJS.ErrnoException;
    fail(`Nothing can be kept in ${folder} (${code}). Remedy: set DATA_DIR to a folder of your own`);
  }
  return folder;
}
