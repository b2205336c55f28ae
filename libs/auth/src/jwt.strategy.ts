import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy } from 'passport-jwt';
import { TOKEN_CONFIG, type TokenConfig } from './tokens.config.js';
import { ALGORITHM, AUDIENCE, type Claims, ISSUER, readClaims } from './tokens.js';

/** The token in an Authorization header that holds nothing else. */
export const bearerOf = (authorization = ''): string | undefined =>
  /^Bearer +(\S+)$/i.exec(authorization)?.[1];

/** The access token in the Authorization header, and nowhere else: URLs end up in logs. */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor(@Inject(TOKEN_CONFIG) config: TokenConfig) {
    super({
      jwtFromRequest: ({ headers }) => bearerOf(headers.authorization) ?? null,
      secretOrKey: config.JWT_SECRET,
      algorithms: [ALGORITHM], // passport-jwt itself would take any
      issuer: ISSUER,
      audience: AUDIENCE,
    });
  }

  validate(payload: unknown): Claims {
    return readClaims(payload);
  }
}
