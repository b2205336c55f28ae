import { UserDeleted } from '@order-system/contracts/auth.contracts';
import { PaymentFailed, PaymentRefunded, PaymentSucceeded } from '@order-system/contracts/payments.contracts';
import { consumer, on } from '@order-system/messaging/consumer';
import type { MessageContext } from '@order-system/messaging/context';
import type { Tx } from '@order-system/prisma/database';
import { forgetOwner } from './forget-owner.js';
import type { Decision, OrderState } from './order.rules.js';
import { lockOrder, saveOrder } from './order.store.js';
import { markPaid, markPaymentFailed, markRefunded, type PaymentFact } from './paying.rules.js';

type Rule<D> = (order: OrderState, data: D) => Decision | null;

const apply =
  <D extends PaymentFact>(rule: Rule<D>) =>
  async (tx: Tx, { data }: { data: D & { orderId: string } }, ctx: MessageContext): Promise<void> => {
    await saveOrder(tx, rule(await lockOrder(tx, data.orderId, ctx.actor), data), ctx);
  };

/** What payments tell about orders. */
export const orderPayments = consumer('orders.payments', [
  on(PaymentSucceeded, apply(markPaid)),
  on(PaymentFailed, apply(markPaymentFailed)),
  on(PaymentRefunded, apply(markRefunded)),
]);

export const orderUsers = consumer(
  'orders.users',
  [on(UserDeleted, (tx, { data: { userId } }) => forgetOwner(tx, userId))],
  { replayable: true },
);
