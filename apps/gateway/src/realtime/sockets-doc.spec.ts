import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { CLIENT_EVENTS } from './socket-events.js';

const ROOT = new URL('../../../../', import.meta.url);
const textOf = (file: string): string => readFileSync(new URL(file, ROOT), 'utf8');

/** The first column of the table under a heading. */
const namesUnder = (heading: string): string[] => {
  const [, text = ''] = textOf('docs/sockets.md').split(`## ${heading}\n`);
  const [table = ''] = text.split('\n## ');
  return [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, name = '']) => name).sort();
};

it('docs/sockets.md has every event that a client may send', () => {
  expect(namesUnder('What a client sends')).toEqual(Object.keys(CLIENT_EVENTS).sort());
});

it('docs/sockets.md has every event that a client is sent', () => {
  const sources = ['pushes.ts', 'push-listener.ts', 'socket-events.ts'];
  const code = sources.map((file) => textOf(`apps/gateway/src/realtime/${file}`)).join('\n');
  const pushed = [...code.matchAll(/(?:\bname: |emit\((?:\[.*?\], )?)'(\w+)'/g)].map(([, name = '']) => name);
  expect(namesUnder('What the server sends')).toEqual([...new Set(pushed)].sort());
});
