import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { ROOT } from './console.ts';

/** Where a start keeps its own things: the embedded database, development secrets, the lock. */
export function dataDir(): string {
  const folder = resolve(ROOT, process.env['DATA_DIR'] || '.data');
  mkdirSync(folder, { recursive: true });
  return folder;
}
