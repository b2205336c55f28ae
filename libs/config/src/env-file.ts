import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

/** It is there and cannot be used; the message says what to do about it. */
export class EnvFileError extends Error {}

/**
 * Takes over what a `.env` file says and the process has not set. Node's own reader loses the first variable of a file
 * that begins with a byte order mark, as editors on Windows write it. Throws EnvFileError.
 */
export function loadEnvFile(file: string): void {
  for (const [name, value] of Object.entries(parseEnv(read(file)))) process.env[name] ??= value;
}

function read(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return '';
    throw new EnvFileError(
      `${file} cannot be read: ${message}. Remedy: make it a file in UTF-8 that the user who runs this may read, or remove it`,
    );
  }
}
