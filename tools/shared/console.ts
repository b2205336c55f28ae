import { resolve } from 'node:path';
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';

export const ROOT = resolve(import.meta.dirname, '../..');

/** A problem the reader can solve: printed as one line, without a stack. */
export class Problem extends Error {}

export function fail(message: string): never {
  throw new Problem(message);
}

/** What the disk refuses is the reader's to solve, too. */
const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'make room on the disk',
  EDQUOT: 'make room on the disk',
  EROFS: 'use a folder that can be written to',
  EACCES: 'give the file to the user who runs this, or remove it',
  EPERM: 'give the file to the user who runs this, or remove it',
};

/** Runs a tool; a problem becomes one line and exit code 1, anything else keeps its stack. */
export async function run(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const remedy = REMEDIES[code];
    if (error instanceof Problem) console.error(message);
    else console.error(remedy === undefined ? error : `${message}. Remedy: ${remedy}`);
    process.exit(1);
  }
}

/** What the command line says. One option too many, or one without its value, is a problem of the reader's. */
export function readOptions<T extends ParseArgsOptionsConfig>(
  options: T,
  args: string[] = process.argv.slice(2),
): ReturnType<typeof parseArgs<{ options: T }>>['values'] {
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!code?.startsWith('ERR_PARSE_ARGS')) throw error;
    const known = Object.entries(options).map(
      ([name, { type }]) => `--${name}${type === 'string' ? ' <value>' : ''}`,
    );
    if (args.includes('--help')) {
      console.log(`Options: ${known.join(', ')}`);
      process.exit(0);
    }
    return fail(`${message.split(/\.?(?: |\n)(?:To|Did|This) /)[0]}. Remedy: ${known.join(', ')}`);
  }
}

/** Prints rows as aligned columns. */
export function printTable(head: string[], rows: string[][]): void {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)));
  for (const row of [head, ...rows]) {
    console.log(`  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd());
  }
}
