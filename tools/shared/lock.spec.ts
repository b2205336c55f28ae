import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { inTurn, lockDataDir } from './lock.ts';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'lock-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const holderThatDied = JSON.stringify({ pid: 1, port: 1, token: 'of one that died' });

it.each([
  ['none was there', undefined],
  ['the one there died', holderThatDied],
  ['the one there died while it wrote its lock', ''],
])('gives a folder to one of those who come at the same moment, when %s', async (_, before) => {
  if (before !== undefined) writeFileSync(join(folder, 'start.lock'), before);
  const locks = await Promise.allSettled([1, 2, 3, 4].map(() => lockDataDir(folder)));
  const held = locks.flatMap((lock) => (lock.status === 'fulfilled' ? [lock.value] : []));
  expect(held).toHaveLength(1);
  held[0]?.();
  const unlock = await lockDataDir(folder);
  unlock();
});

it('lets in one after the other, also after one that failed', async () => {
  let inside = 0;
  const work = () =>
    inTurn(join(folder, 'build.lock'), 'Waiting', async () => {
      expect(++inside).toBe(1);
      await new Promise(setImmediate);
      inside--;
      throw new Error('a mistake');
    });
  const outcomes = await Promise.allSettled([work(), work(), work()]);
  for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { message: 'a mistake' } });
});
