import { accessSync, chmodSync, constants, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { fail, ROOT } from './console.ts';

/** Where a start keeps its own things: the embedded database, development secrets, the lock. */
export function dataDir(): string {
  const folder = resolve(ROOT, process.env['DATA_DIR'] || '.data');
  try {
    const made = mkdirSync(folder, { recursive: true }) !== undefined;
    // The database of one who is root belongs to another user, who has to get through to it.
    if (made && process.getuid?.() === 0) chmodSync(folder, 0o711);
    accessSync(folder, constants.W_OK);
  } catch (error) {
    const { code = 'error' } = error as NodeJS.ErrnoException;
    fail(`Nothing can be kept in ${folder} (${code}). Remedy: set DATA_DIR to a folder of your own`);
  }
  return folder;
}
