import { signedIn } from '@order-system/contracts/actor';
import type { MessageContext } from '@order-system/messaging/context';
import type { Tx } from '@order-system/prisma/database';
import { endSession } from './session.store.js';

/** Ends the caller's session; once more changes nothing. */
export async function logOut(tx: Tx, ctx: MessageContext): Promise<Record<string, never>> {
  signedIn(ctx.actor);
  const { sessionId } = ctx.actor;
  if (sessionId !== undefined) await endSession(tx, ctx, { sessionId, reason: 'logout' });
  return {};
}
