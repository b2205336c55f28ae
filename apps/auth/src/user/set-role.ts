import { assertStaff } from '@order-system/contracts/actor';
import type { SetRole, User } from '@order-system/contracts/auth.contracts';
import type { CallInput } from '@order-system/contracts/define';
import { DomainError, notFound } from '@order-system/contracts/errors';
import type { MessageContext } from '@order-system/messaging/context';
import type { Tx } from '@order-system/prisma/database';
import { assertNotLastAdmin, toUser } from './user.rules.js';
import { lockAdminsAnd, saveUser } from './user.store.js';

/** Sessions go on: the gateway asks for the role at every request that needs one. */
export async function setRole(
  tx: Tx,
  { id, role }: CallInput<typeof SetRole>,
  ctx: MessageContext,
): Promise<User> {
  assertStaff(ctx.actor, 'set roles');
  const { admins, user } = await lockAdminsAnd(tx, id);
  // Demoted since the request began, perhaps by the very one it is about.
  if (!admins.some((admin) => admin.id === ctx.actor.id))
    throw new DomainError('FORBIDDEN', 'Only staff may set roles.');
  if (!user) throw notFound('user');
  if (user.role === role) return toUser(user);
  if (role !== 'admin') assertNotLastAdmin(admins, id);
  const after = { ...user, role };
  await saveUser(tx, after, ['role'], ctx);
  return toUser(after);
}
