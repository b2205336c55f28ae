import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { TOKEN_CONFIG, type TokenConfig } from './tokens.config.js';
import { ALGORITHM, AUDIENCE, type Claims, ISSUER, readClaims } from './tokens.js';

/** The access token in the Authorization header, and nowhere else: URLs end up in logs. */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor(@Inject(TOKEN_CONFIG) config: TokenConfig) {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
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
