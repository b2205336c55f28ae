import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { EnvFileError, loadEnvFile } from './env-file.js';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'env-file-'));
  file = join(folder, '.env');
  process.env['ENV_FILE_SET'] = '';
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  for (const name of Object.keys(process.env).filter((key) => key.startsWith('ENV_FILE_')))
    delete process.env[name];
});

it('is read as editors on any system write it, and what is set wins', () => {
  writeFileSync(
    file,
    '\uFEFFENV_FILE_A=1\r\nexport ENV_FILE_B="a # b" # why\r\nENV_FILE_C= c \r\nENV_FILE_SET=2\r\n',
  );
  loadEnvFile(file);
  const { ENV_FILE_A, ENV_FILE_B, ENV_FILE_C, ENV_FILE_SET } = process.env;
  expect({ ENV_FILE_A, ENV_FILE_B, ENV_FILE_C, ENV_FILE_SET }).toEqual({
    ...{ ENV_FILE_A: '1', ENV_FILE_B: 'a # b', ENV_FILE_C: 'c', ENV_FILE_SET: '' },
  });
});

it('that is not UTF-8 is refused, not passed over', () => {
  writeFileSync(file, Buffer.from('\uFEFFENV_FILE_A=1\r\n', 'utf16le'));
  expect(() => loadEnvFile(file)).toThrow('not valid for encoding utf-8. Remedy: make it a file in UTF-8');
});

it('that is a folder is refused with what to do about it', () => {
  mkdirSync(file);
  expect(() => loadEnvFile(file)).toThrow(EnvFileError);
  expect(() => loadEnvFile(file)).toThrow(/EISDIR.*Remedy: /);
});

it('may be missing', () => expect(() => loadEnvFile(file)).not.toThrow());
