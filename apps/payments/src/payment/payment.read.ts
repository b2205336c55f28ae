import { ownerFilter } from '@order-system/contracts/actor';
import type { Payment } from '@order-system/contracts/payments.contracts';
import { notFound } from '@order-system/contracts/errors';
import type { MessageContext } from '@order-system/messaging/context';
import type { Database } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';
import { type PaymentRow, toPayment } from './payment.store.js';

/** For its owner and for admins; for everybody else there is no such payment. */
export async function getPayment(db: Database, id: string, { actor }: MessageContext): Promise<Payment> {
  const owner = ownerFilter(actor);
  const [row] = await db.query<PaymentRow>(sql`
    SELECT * FROM payments.payment WHERE id = ${id} AND (${owner}::uuid IS NULL OR user_id = ${owner})`);
  if (!row) throw notFound('payment');
  return toPayment(row);
}
