import { createHash, timingSafeEqual } from 'node:crypto';
import type { CallInput, CallOutput } from '@order-system/contracts/define';
import { notFound } from '@order-system/contracts/errors';
import type { GetSandboxSession, SettleSandboxSession } from '@order-system/contracts/payments.contracts';
import type { Database } from '@order-system/prisma/database';
import type { Courier } from './courier.js';
import { type SessionRow, closeSession, findSession } from './sandbox.store.js';

type Session = CallOutput<typeof GetSandboxSession>;

/** The session that the link opens; a wrong secret is the same as no session. */
export async function findByLink(
  db: Database,
  link: CallInput<typeof GetSandboxSession>,
): Promise<SessionRow> {
  const session = await findSession(db, link.id);
  const isRight = isSame(link.secret, session?.secret ?? '');
  if (!session || !isRight) throw notFound('payment page');
  return session;
}

/** Pays or declines an open session; a settled one answers what it is. */
export async function settleSession(
  { db, courier }: { db: Database; courier: Courier },
  { id, secret, outcome }: CallInput<typeof SettleSandboxSession>,
): Promise<Session> {
  const session = await findByLink(db, { id, secret });
  if (session.status !== 'OPEN') return toSession(session);
  const status = outcome === 'pay' ? 'PAID' : 'DECLINED';
  const webhook = await closeSession(db, session, status);
  if (!webhook) return toSession(await findByLink(db, { id, secret }));
  void courier.hand({ ...webhook, attempts: 1 });
  return toSession({ ...session, status });
}

export const toSession = ({ id, order_id: orderId, amount, currency, status }: SessionRow): Session => ({
  id,
  orderId,
  amount,
  currency,
  status,
});

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
/** Takes equally long wherever they differ. */
const isSame = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));
