import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { startEmbeddedPostgres } from './embedded-postgres.ts';

it.each(['a"b', 'a$HOME', 'a`b`'])(
  'is not begun in a folder such as %s, where it cannot run',
  async (name) => {
    const folder = join(tmpdir(), name);
    await expect(startEmbeddedPostgres(folder)).rejects.toThrow(`cannot run in ${folder}`);
    expect(existsSync(folder)).toBe(false);
  },
);
