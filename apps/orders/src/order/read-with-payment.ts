import { setTimeout as pause } from 'node:timers/promises';
import type { Order } from '@order-system/contracts/orders.contracts';
import type { Payment } from '@order-system/contracts/payments.contracts';
import { type MessageContext, msLeft } from '@order-system/messaging/context';
import type { Statements } from '@order-system/prisma/database';
import { readOrder } from './order.read.js';

/** Milliseconds between two looks: a good second in all. */
const PAUSES = [10, 20, 40, 80, 160, 320, 640];
/** What has to be left of the caller's patience to wait at all. */
const ENOUGH_MS = 2000;

/**
 * The order as it is answered beside its payment. A payment's outcome moves the order by an event, milliseconds later, so
 * the order is read until it says the same. Where the event is late the answer is not: the order then says so itself.
 */
export async function readWithPayment(
  db: Statements,
  id: string,
  payment: Payment | undefined,
  ctx: MessageContext,
): Promise<Order> {
  let order = await readOrder(db, id, ctx.actor);
  for (const ms of PAUSES) {
    if (!isBehind(order, payment) || msLeft(ctx) < ENOUGH_MS) break;
    await pause(ms);
    order = await readOrder(db, id, ctx.actor);
  }
  return order;
}

const isBehind = ({ payment: known }: Order, payment: Payment | undefined): boolean =>
  known !== undefined &&
  known.id === payment?.id &&
  known.status === 'PENDING' &&
  ['SUCCEEDED', 'FAILED'].includes(payment.status);
