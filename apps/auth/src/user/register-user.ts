import { Injectable } from '@nestjs/common';
import { GetUser, RegisterUser, type User } from '@order-system/contracts/auth.contracts';
import type { CallInput } from '@order-system/contracts/define';
import { hasCode } from '@order-system/contracts/errors';
import { Nothing } from '@order-system/contracts/primitives';
import type { MessageContext } from '@order-system/messaging/context';
import { keyReused, once, withKeysOf } from '@order-system/messaging/idempotency';
import { Database, type Tx } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { CheckPassword } from '../password/check-password.js';
import { Passwords } from '../password/passwords.js';
import { findUser } from './user.read.js';
import { assertOrdinaryRole, emailTaken } from './user.rules.js';
import { insertUser } from './user.store.js';

type Input = CallInput<typeof RegisterUser>;
type NewUser = Omit<Input, 'password'> & { id: string; passwordHash: string };

/** All that is kept with a key is the account's id: from a hash of the request its password could be guessed. */
const Registering = { ...RegisterUser, input: Nothing, output: GetUser.input };

/** Makes and checks passwords outside the transaction. */
@Injectable()
export class RegisterNewUser {
  constructor(
    private readonly db: Database,
    private readonly passwords: Passwords,
    private readonly checkPassword: CheckPassword,
  ) {}

  async execute(input: Input, ctx: MessageContext): Promise<User> {
    assertOrdinaryRole(input.role);
    const user = { ...input, id: newId(), passwordHash: await this.passwords.hash(input.password) };
    const { id } = await this.db.inTx((tx) =>
      once(tx, withKeysOf('guests', ctx), Registering, {}, () => registerUser(tx, user, ctx)),
    );
    const account = await findUser(this.db, id);
    const isRepeated = id !== user.id;
    if (!account || (isRepeated && !(await this.isMadeOf(account, input)))) throw keyReused();
    return account;
  }

  /** A wrong password counts as a failed login: the key must not be a way around the lock. */
  private async isMadeOf(account: User, input: Input): Promise<boolean> {
    const { email, password, name = null, phone = null } = input;
    if (account.email !== email || account.name !== name || account.phone !== phone) return false;
    try {
      await this.checkPassword.execute(email, password);
      return true;
    } catch (error) {
      if (hasCode(error, 'INVALID_CREDENTIALS')) return false;
      throw error;
    }
  }
}

async function registerUser(tx: Tx, user: NewUser, ctx: MessageContext): Promise<{ id: string }> {
  const { id, email, passwordHash, name = null, phone = null } = user;
  const own: MessageContext = { ...ctx, actor: { id, role: 'user' } };
  const account = await insertUser(tx, { id, email, passwordHash, role: 'user', name, phone }, own);
  if (!account) throw emailTaken();
  return { id };
}
