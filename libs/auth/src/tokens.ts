import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { DomainError } from '@order-system/contracts/errors';
import { Id, Role } from '@order-system/contracts/primitives';
import { z } from 'zod';
import { TOKEN_CONFIG, type TokenConfig } from './tokens.config.js';

/** The only algorithm there is: a token that names another one is refused before its signature is looked at. */
export const ALGORITHM = 'HS256';
export const ISSUER = 'order-system';
export const AUDIENCE = 'order-system-api';

/** What an access token says. The role is a hint for clients: what counts is what auth says of the session. */
const Claims = z.object({ sub: Id, role: Role, sid: Id, exp: z.int() });
export type Claims = z.output<typeof Claims>;

export const unauthenticated = (detail: string): DomainError => new DomainError('UNAUTHENTICATED', detail);

/** Throws UNAUTHENTICATED. */
export function readClaims(payload: unknown): Claims {
  const claims = Claims.safeParse(payload);
  if (claims.success) return claims.data;
  throw unauthenticated('The access token is not valid.');
}

@Injectable()
export class AccessTokens {
  private readonly seconds: number;

  constructor(
    private readonly jwt: JwtService,
    @Inject(TOKEN_CONFIG) config: TokenConfig,
  ) {
    this.seconds = Math.max(1, Math.round(config.ACCESS_TOKEN_TTL / 1000));
  }

  /** `expiresIn` is in seconds. */
  issue(of: { userId: string; role: Role; sessionId: string }): { token: string; expiresIn: number } {
    const claims = { sub: of.userId, role: of.role, sid: of.sessionId };
    return { token: this.jwt.sign(claims, { expiresIn: this.seconds }), expiresIn: this.seconds };
  }

  /** For whoever has no HTTP request, such as sockets; throws UNAUTHENTICATED. */
  verify(token: string): Claims {
    try {
      return readClaims(this.jwt.verify<object>(token));
    } catch {
      throw unauthenticated('The access token is not valid or has expired.');
    }
  }
}
