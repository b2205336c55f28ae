import { Module } from '@nestjs/common';
import { AccessGuard } from './access.guard.js';
import { JwtStrategy } from './jwt.strategy.js';
import { LocalStrategy } from './local.strategy.js';
import { SessionCheck } from './session-check.js';
import { TokensModule } from './tokens.module.js';

/**
 * For the gateway, which provides RpcClient to all its modules and makes AccessGuard a global guard itself: only it
 * knows the order among its others.
 */
@Module({
  imports: [TokensModule],
  providers: [AccessGuard, JwtStrategy, LocalStrategy, SessionCheck],
  exports: [TokensModule, AccessGuard, JwtStrategy, LocalStrategy, SessionCheck],
})
export class AccessModule {}
