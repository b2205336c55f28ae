import type { DeleteUser } from '@order-system/contracts/auth.contracts';
import type { CallInput } from '@order-system/contracts/define';
import { notFound } from '@order-system/contracts/errors';
import type { MessageContext } from '@order-system/messaging/context';
import { forgetKeysOf } from '@order-system/messaging/idempotency';
import type { Tx } from '@order-system/prisma/database';
import { eraseFailures } from '../password/credentials.store.js';
import { endSessions } from '../session/session.store.js';
import { assertMayDelete, assertNotLastAdmin } from './user.rules.js';
import { eraseUser, lockAdminsAnd } from './user.store.js';

export async function deleteUser(
  tx: Tx,
  { id }: CallInput<typeof DeleteUser>,
  ctx: MessageContext,
): Promise<Record<string, never>> {
  assertMayDelete(ctx.actor, id);
  const { admins, user } = await lockAdminsAnd(tx, id);
  if (id !== ctx.actor.id && !admins.some((admin) => admin.id === ctx.actor.id)) throw notFound('user');
  if (!user) throw notFound('user');
  assertNotLastAdmin(admins, id);
  await endSessions(tx, ctx, { userId: id, reason: 'deleted' });
  await eraseFailures(tx, user.email);
  await forgetKeysOf(tx, id);
  await eraseUser(tx, user, ctx);
  return {};
}
