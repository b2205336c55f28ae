import type { MessageContext } from '@order-system/messaging/context';
import type { User } from '@order-system/contracts/auth.contracts';
import { crashPoint } from '@order-system/messaging/crash-point';
import type { Tx } from '@order-system/prisma/database';
import { toUser } from '../user/user.rules.js';
import { findAccount } from '../user/user.store.js';
import { refusalOf } from './session.rules.js';
import { addToken, endSession, findToken, useToken } from './session.store.js';

type Refreshed =
  | { outcome: 'rotated'; user: User; sessionId: string; refreshToken: string }
  | { outcome: 'raced' | 'ended' }
  | { outcome: 'stolen'; sessionId: string };

/**
 * Takes a refresh token and gives its successor. A refusal is returned, not thrown: that a stolen token has ended its
 * session has to be committed.
 */
export async function refreshSession(tx: Tx, token: string, ctx: MessageContext): Promise<Refreshed> {
  const used = await useToken(tx, token);
  if (!used) return refuse(tx, token, ctx);
  const refreshToken = await addToken(tx, used.sessionId);
  const account = await findAccount(tx, used.userId);
  crashPoint('auth.rotated');
  if (!account) return { outcome: 'ended' };
  return { outcome: 'rotated', user: toUser(account), sessionId: used.sessionId, refreshToken };
}

async function refuse(tx: Tx, token: string, ctx: MessageContext): Promise<Refreshed> {
  const old = await findToken(tx, token);
  const outcome = refusalOf(old);
  if (outcome !== 'stolen' || !old) return { outcome: outcome === 'raced' ? 'raced' : 'ended' };
  await endSession(tx, ctx, { sessionId: old.sessionId, reason: 'reuse' });
  return { outcome, sessionId: old.sessionId };
}
