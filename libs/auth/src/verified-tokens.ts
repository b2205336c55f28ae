import type { Claims } from './tokens.js';

const MOST_TOKENS = 10_000;

/**
 * Tokens whose signature was checked a moment ago: a client sends the same one with every request, and checking costs
 * more than the rest of a small request. Whether the session still lives is asked in any case.
 */
export class VerifiedTokens {
  private readonly claims = new Map<string, Claims>();

  get(token: string): Claims | undefined {
    const known = this.claims.get(token);
    if (known === undefined || known.exp * 1000 > Date.now()) return known;
    this.claims.delete(token);
    return undefined;
  }

  add(token: string, claims: Claims): void {
    if (this.claims.size >= MOST_TOKENS) {
      const [oldest] = this.claims.keys();
      if (oldest !== undefined) this.claims.delete(oldest);
    }
    this.claims.set(token, claims);
  }
}
