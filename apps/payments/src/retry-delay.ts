const FIRST_MS = 500;
const LONGEST_MS = 10 * 60_000;

/** 0.5 s, 1 s, 2 s ... 10 min: doubles with every attempt; up to a quarter is left to chance. */
export function retryDelayMs(attempts: number, random: () => number = Math.random): number {
  const delay = Math.min(FIRST_MS * 2 ** Math.min(Math.max(attempts - 1, 0), 30), LONGEST_MS);
  return Math.round(delay * (1 - random() / 4));
}
