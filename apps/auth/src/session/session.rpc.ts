import { Controller } from '@nestjs/common';
import { AccessTokens } from '@order-system/auth/tokens';
import { CheckSession, LogIn, LogOut, RefreshSession } from '@order-system/contracts/auth.contracts';
import type { CallInput } from '@order-system/contracts/define';
import { DomainError } from '@order-system/contracts/errors';
import type { MessageContext } from '@order-system/messaging/context';
import { Rpc } from '@order-system/messaging/rpc';
import { logger } from '@order-system/observability/logger';
import { Database } from '@order-system/prisma/database';
import { LogInUser } from './log-in.js';
import { logOut } from './log-out.js';
import { refreshSession } from './refresh-session.js';
import { checkSession } from './session.read.js';

const log = logger('auth');

@Controller()
export class SessionRpc {
  constructor(
    private readonly db: Database,
    private readonly logInUser: LogInUser,
    private readonly tokens: AccessTokens,
  ) {}

  @Rpc(LogIn)
  logIn(input: CallInput<typeof LogIn>, ctx: MessageContext) {
    return this.logInUser.execute(input, ctx);
  }

  @Rpc(RefreshSession)
  async refresh({ refreshToken }: CallInput<typeof RefreshSession>, ctx: MessageContext) {
    const result = await this.db.inTx((tx) => refreshSession(tx, refreshToken, ctx));
    if (result.outcome === 'rotated') {
      const { user, sessionId } = result;
      const access = this.tokens.issue({ userId: user.id, role: user.role, sessionId });
      return { ...access, refreshToken: result.refreshToken, user };
    }
    if (result.outcome === 'raced')
      throw new DomainError('REFRESH_RACED', 'This token was used a moment ago; go on with the newer one.');
    if (result.outcome === 'stolen')
      log.warn(
        { sessionId: result.sessionId, correlationId: ctx.correlationId },
        'an old refresh token came back: session ended',
      );
    throw new DomainError('UNAUTHENTICATED', 'The session has ended; sign in again.');
  }

  @Rpc(LogOut)
  logOut(_: CallInput<typeof LogOut>, ctx: MessageContext) {
    return this.db.inTx((tx) => logOut(tx, ctx));
  }

  @Rpc(CheckSession)
  check({ sessionId }: CallInput<typeof CheckSession>) {
    return checkSession(this.db, sessionId);
  }
}
