import { Inject, Injectable } from '@nestjs/common';
import { AccessTokens } from '@order-system/auth/tokens';
import { type LogIn, type User, UserLoggedIn } from '@order-system/contracts/auth.contracts';
import type { CallInput, CallOutput } from '@order-system/contracts/define';
import { DomainError } from '@order-system/contracts/errors';
import type { MessageContext } from '@order-system/messaging/context';
import { emit, fact } from '@order-system/messaging/outbox';
import { Database, type Tx } from '@order-system/prisma/database';
import { AUTH_CONFIG, type AuthConfig } from '../auth.config.js';
import { CheckPassword, type CheckedPassword } from '../password/check-password.js';
import { forgetFailures } from '../password/credentials.store.js';
import { toUser } from '../user/user.rules.js';
import { aggregateOf, nextVersion } from '../user/user.store.js';
import { openSession } from './session.store.js';

/** Checks the password with no transaction open, then opens a session. */
@Injectable()
export class LogInUser {
  constructor(
    private readonly db: Database,
    private readonly checkPassword: CheckPassword,
    private readonly tokens: AccessTokens,
    @Inject(AUTH_CONFIG) private readonly config: Pick<AuthConfig, 'REFRESH_TOKEN_TTL'>,
  ) {}

  async execute(
    { email, password, basketId }: CallInput<typeof LogIn>,
    ctx: MessageContext,
  ): Promise<CallOutput<typeof LogIn>> {
    const checked = await this.checkPassword.execute(email, password);
    const lifetimeMs = this.config.REFRESH_TOKEN_TTL;
    const { user, sessionId, refreshToken } = await this.db.inTx((tx) =>
      startSession(tx, { email, basketId, checked, lifetimeMs }, ctx),
    );
    const access = this.tokens.issue({ userId: user.id, role: user.role, sessionId });
    return { ...access, refreshToken, user };
  }
}

interface NewSession {
  email: string;
  basketId?: string;
  checked: CheckedPassword;
  lifetimeMs: number;
}

/** Throws INVALID_CREDENTIALS when the password was changed since it was checked. */
export async function startSession(
  tx: Tx,
  { email, basketId, checked, lifetimeMs }: NewSession,
  ctx: MessageContext,
): Promise<{ user: User; sessionId: string; refreshToken: string }> {
  const account = await nextVersion(tx, checked);
  if (!account) throw new DomainError('INVALID_CREDENTIALS', 'The e-mail address or the password is wrong.');
  await forgetFailures(tx, email);
  const opened = await openSession(tx, { userId: account.id, lifetimeMs });
  const actor = { id: account.id, role: account.role, sessionId: opened.sessionId };
  await emit(tx, { ...ctx, actor }, [
    fact(UserLoggedIn, aggregateOf(account), { userId: account.id, basketId }),
  ]);
  return { user: toUser(account), ...opened };
}
