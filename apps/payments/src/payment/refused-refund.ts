import { defineEvent } from '@order-system/contracts/define';
import { Money } from '@order-system/contracts/money';
import { Id } from '@order-system/contracts/primitives';
import { z } from 'zod';

/**
 * The message of a refund that the system itself owes and that its provider has refused. Nobody publishes it: it exists in
 * dead letters alone, so the only way it reaches its consumer is that an admin redrives the letter. One letter stands for
 * all that is left of its payment then; `amount` is what was refused.
 */
export const RefundRefused = defineEvent(
  'payment.refund-refused',
  1,
  z.object({
    paymentId: Id,
    orderId: Id,
    amount: Money,
    currency: z.string(),
    reason: z.string().nullable(),
  }),
);

export const REFUSED_CONSUMER = 'payments.refunds';
