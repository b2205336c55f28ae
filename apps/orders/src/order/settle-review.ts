import { assertStaff } from '@order-system/contracts/actor';
import type { CallInput } from '@order-system/contracts/define';
import { DomainError } from '@order-system/contracts/errors';
import type { SettleReview } from '@order-system/contracts/orders.contracts';
import type { PaymentProviderName } from '@order-system/contracts/payments.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import type { Tx } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import { lockOrder, saveOrder } from './order.store.js';
import { settle } from './review.rules.js';

type Input = CallInput<typeof SettleReview> & { provider: PaymentProviderName };

/**
 * Applies a room's closing to its order. The same closing again changes nothing; a refused one leaves no trace. Throws
 * ORDER_CHANGED when the order is not what was agreed on any more.
 */
export async function settleReview(
  tx: Tx,
  { id, closingId, summary, quote, orderUpdatedAt, provider }: Input,
  ctx: MessageContext,
): Promise<void> {
  assertStaff(ctx.actor, 'settle an order');
  const order = await lockOrder(tx, id, ctx.actor);
  const isFirst = await tx.execute(sql`
    INSERT INTO orders.review_settlement (closing_id, order_id) VALUES (${closingId}, ${id}) ON CONFLICT DO NOTHING`);
  if (isFirst === 0) return;
  const changed = await tx.one(sql`
    SELECT FROM orders."order" WHERE id = ${id} AND updated_at > ${orderUpdatedAt ?? null}::timestamptz`);
  if (changed) throw new DomainError('ORDER_CHANGED', 'The order was changed since; look at it again.');
  const priced = quote === undefined ? undefined : { amount: quote, paymentId: newId(), provider };
  await saveOrder(tx, settle(order, { summary, quote: priced }), ctx);
}
