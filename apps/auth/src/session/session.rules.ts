/** What an old refresh token still tells. `usedMsAgo` is null when it was never used. */
export interface OldToken {
  readonly isSessionAlive: boolean;
  readonly usedMsAgo: number | null;
  /** Then who won the race has gone on already. */
  readonly isSuccessorUsed: boolean;
}

export const RACE_MS = 10_000;

/**
 * Why a refresh token was not taken. `raced`: a moment ago, by another tab or a request sent twice; no harm done.
 * `stolen`: it was used long ago, or its successor too, so two parties hold it. `ended`: it leads nowhere.
 */
export function refusalOf(token: OldToken | undefined): 'raced' | 'stolen' | 'ended' {
  if (!token?.isSessionAlive || token.usedMsAgo === null) return 'ended';
  return token.usedMsAgo < RACE_MS && !token.isSuccessorUsed ? 'raced' : 'stolen';
}
