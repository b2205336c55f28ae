import { Injectable } from '@nestjs/common';
import { signedIn } from '@order-system/contracts/actor';
import type { UpdateProfile, User } from '@order-system/contracts/auth.contracts';
import type { CallInput } from '@order-system/contracts/define';
import { DomainError } from '@order-system/contracts/errors';
import type { MessageContext } from '@order-system/messaging/context';
import { Database, type Tx } from '@order-system/prisma/database';
import { CheckPassword, type CheckedPassword } from '../password/check-password.js';
import { Passwords } from '../password/passwords.js';
import { forgetFailures } from '../password/credentials.store.js';
import { endSessions } from '../session/session.store.js';
import { type Account, type ProfileChange, changeProfile, needsPassword, toUser } from './user.rules.js';
import { findAccount, lockUser, saveUser } from './user.store.js';

type Input = CallInput<typeof UpdateProfile>;

const gone = () => new DomainError('UNAUTHENTICATED', 'The account does not exist any more.');

/** Who is signed in has given no address that could be wrong. */
const WRONG = 'currentPassword is not the password in use.';

/** Changes the caller's own account; checks and makes passwords before the transaction. */
@Injectable()
export class UpdateOwnProfile {
  constructor(
    private readonly db: Database,
    private readonly passwords: Passwords,
    private readonly checkPassword: CheckPassword,
  ) {}

  async execute({ password, currentPassword, ...rest }: Input, ctx: MessageContext): Promise<User> {
    const id = signedIn(ctx.actor);
    const account = await this.db.inTx((tx) => findAccount(tx, id));
    if (!account) throw gone();
    const checked = needsPassword(account, { ...rest, password })
      ? await this.confirm(account, currentPassword)
      : undefined;
    const passwordHash = password === undefined ? undefined : await this.passwords.hash(password);
    return this.db.inTx((tx) => updateProfile(tx, { ...rest, passwordHash, checked }, ctx));
  }

  private confirm(account: Account, currentPassword: string | undefined): Promise<CheckedPassword> {
    if (currentPassword !== undefined)
      return this.checkPassword.execute(account.email, currentPassword, WRONG);
    throw new DomainError(
      'VALIDATION_FAILED',
      'Changing the e-mail address or the password needs the password in use.',
      {
        errors: [{ path: 'currentPassword', message: 'is needed to change e-mail or password' }],
      },
    );
  }
}

/** A new password ends all sessions but the caller's. Throws EMAIL_TAKEN. */
export async function updateProfile(
  tx: Tx,
  { checked, ...change }: ProfileChange & { checked?: CheckedPassword },
  ctx: MessageContext,
): Promise<User> {
  const account = await lockUser(tx, signedIn(ctx.actor));
  if (!account) throw gone();
  const isConfirmed = checked?.userId === account.id && checked.passwordHash === account.passwordHash;
  if (!isConfirmed && needsPassword(account, { email: change.email, password: change.passwordHash }))
    throw new DomainError('STALE_WRITE', 'The account was changed meanwhile; try again.');
  if (isConfirmed) await forgetFailures(tx, account.email);
  const { after, changed } = changeProfile(account, change);
  if (changed.length > 0) await saveUser(tx, after, changed, ctx);
  if (changed.includes('password'))
    await endSessions(tx, ctx, { userId: account.id, reason: 'password', except: ctx.actor.sessionId });
  return toUser(after);
}
