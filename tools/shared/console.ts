import { resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');

/** A problem the reader can solve: printed as one line, without a stack. */
export class Problem extends Error {}

export function fail(message: string): never {
  throw new Problem(message);
}

/** Runs a tool; a problem becomes one line and exit code 1, anything else keeps its stack. */
export async function run(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Problem ? error.message : error);
    process.exit(1);
  }
}

/** Prints rows as aligned columns. */
export function printTable(head: string[], rows: string[][]): void {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)));
  for (const row of [head, ...rows]) {
    console.log(`  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd());
  }
}
