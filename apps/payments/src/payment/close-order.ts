import type { Tx } from '@order-system/prisma/database';
import { holdsMoney } from './payment.rules.js';
import { cancelOpenAttempts, insertClosedOrder, lockAttemptsOf } from './payment.store.js';
import { refundTheRest } from './refund.store.js';

/**
 * The order takes no money any more: open attempts are given up, what was captured is promised back. Jobs then
 * tell the providers, for nothing is called inside a transaction.
 */
export async function closeOrder(tx: Tx, orderId: string): Promise<void> {
  // The mark comes before the locks: a capture that holds them now is seen below, a later one sees the mark.
  await insertClosedOrder(tx, orderId);
  const attempts = await lockAttemptsOf(tx, orderId);
  if (attempts.length === 0) return;
  await cancelOpenAttempts(tx, orderId);
  for (const attempt of attempts)
    if (holdsMoney(attempt.status)) await refundTheRest(tx, attempt, 'The order was cancelled');
}
