import type { EventData } from '@order-system/contracts/define';
import { DomainError, notFound } from '@order-system/contracts/errors';
import type { Tx } from '@order-system/prisma/database';
import { lockPayment, refundTheRest, sumRequested } from './refund.store.js';
import type { RefundRefused } from './refused-refund.js';

/**
 * Promises what is left of the payment once more, as a new refund: under the key of the refused one its provider would
 * only answer as before. A refund whose outcome nobody knows yet might take money of it, or leave it: it is waited for.
 */
export async function refundAgain(
  tx: Tx,
  { paymentId, reason }: EventData<typeof RefundRefused>,
): Promise<void> {
  const payment = await lockPayment(tx, paymentId);
  if (!payment) throw notFound('payment');
  if ((await sumRequested(tx, paymentId)) > 0)
    throw new DomainError('STALE_WRITE', 'Another refund of this payment is still on its way.');
  await refundTheRest(tx, payment, reason);
}
