import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { eventually } from '@order-system/messaging/testing/eventually';
import { watchFolders } from './watch-folders.ts';

let root: string;
let seen: string[];
let close: () => void;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'watch-'));
  mkdirSync(join(root, 'orders/src'), { recursive: true });
  write('orders/src/order.ts');
  seen = [];
  close = watchFolders(root, (file) => seen.push(file));
});
afterEach(() => {
  close();
  rmSync(root, { recursive: true });
});

const write = (file: string) => writeFileSync(join(root, file), String(Math.random()));

/** As many editors do it: a new file is moved over the old one. */
function replace(file: string): void {
  write('replacement');
  renameSync(join(root, 'replacement'), join(root, file));
}

async function expectSeen(file: string, change: (file: string) => void): Promise<void> {
  seen.length = 0;
  change(file);
  await eventually(async () => expect(seen).toContain(join(root, file)));
}

it('sees each change of a file, however it is saved', async () => {
  for (const change of [write, replace, replace, write, replace])
    await expectSeen('orders/src/order.ts', change);
});

it('sees what is in folders that come later, also in one that was removed and comes again', async () => {
  for (const _ of [1, 2]) {
    mkdirSync(join(root, 'orders/src/basket/lines'), { recursive: true });
    await expectSeen('orders/src/basket/lines/line.ts', write);
    await expectSeen('orders/src/basket/lines/line.ts', replace);
    rmSync(join(root, 'orders/src/basket'), { recursive: true });
    await eventually(async () => expect(seen).toContain(join(root, 'orders/src/basket')));
  }
});

it('does not look at what is made from the sources', async () => {
  mkdirSync(join(root, 'orders/dist'));
  write('orders/dist/order.js');
  await expectSeen('orders/src/order.ts', write);
  expect(seen.filter((file) => file.includes('dist'))).toEqual([]);
});
