import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

/**
 * Takes over what a `.env` file says and the process has not set. Node's own reader loses the first variable of a file
 * that begins with a byte order mark, as editors on Windows write it. Throws TypeError when it is not UTF-8.
 */
export function loadEnvFile(file: string): void {
  if (!existsSync(file)) return;
  const text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  for (const [name, value] of Object.entries(parseEnv(text))) process.env[name] ??= value;
}
