import type { RegisterUser, User } from '@order-system/contracts/auth.contracts';
import type { CallInput } from '@order-system/contracts/define';
import type { MessageContext } from '@order-system/messaging/context';
import type { Tx } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { assertOrdinaryRole, emailTaken, toUser } from './user.rules.js';
import { insertUser } from './user.store.js';

export type Registration = Omit<CallInput<typeof RegisterUser>, 'password'> & { passwordHash: string };

export async function registerUser(tx: Tx, input: Registration, ctx: MessageContext): Promise<User> {
  assertOrdinaryRole(input.role);
  const id = newId();
  const { email, passwordHash, name = null, phone = null } = input;
  const own: MessageContext = { ...ctx, actor: { id, role: 'user' } };
  const account = await insertUser(tx, { id, email, passwordHash, role: 'user', name, phone }, own);
  if (!account) throw emailTaken();
  return toUser(account);
}
