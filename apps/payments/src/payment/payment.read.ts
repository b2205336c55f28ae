import type { Payment } from '@order-system/contracts/payments.contracts';
import { notFound } from '@order-system/contracts/errors';
import type { MessageContext } from '@order-system/messaging/context';
import type { Database } from '@order-system/prisma/database';
import { findPayment, toPayment } from './payment.store.js';

/** For its owner and for admins; for everybody else there is no such payment. */
export async function getPayment(db: Database, id: string, { actor }: MessageContext): Promise<Payment> {
  const row = await findPayment(db, id);
  const maySee =
    actor.role === 'admin' || actor.role === 'system' || (actor.id !== null && actor.id === row?.user_id);
  if (!row || !maySee) throw notFound('payment');
  return toPayment(row);
}
