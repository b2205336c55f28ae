import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { readConfig } from '@order-system/config/config';
import { TOKEN_CONFIG, type TokenConfig, tokenBlock } from './tokens.config.js';
import { ALGORITHM, AUDIENCE, AccessTokens, ISSUER } from './tokens.js';

@Module({
  providers: [{ provide: TOKEN_CONFIG, useFactory: () => readConfig(tokenBlock) }],
  exports: [TOKEN_CONFIG],
})
class TokenConfigModule {}

/** Issues and reads access tokens. */
@Module({
  imports: [
    TokenConfigModule,
    JwtModule.registerAsync({
      imports: [TokenConfigModule],
      inject: [TOKEN_CONFIG],
      useFactory: ({ JWT_SECRET }: TokenConfig) => ({
        secret: JWT_SECRET,
        signOptions: { algorithm: ALGORITHM, issuer: ISSUER, audience: AUDIENCE },
        verifyOptions: { algorithms: [ALGORITHM], issuer: ISSUER, audience: AUDIENCE },
      }),
    }),
  ],
  providers: [AccessTokens],
  exports: [AccessTokens, TokenConfigModule],
})
export class TokensModule {}
