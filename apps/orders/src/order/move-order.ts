import { assertStaff } from '@order-system/contracts/actor';
import type { CallInput } from '@order-system/contracts/define';
import type { CancelOrder, SetOrderStatus } from '@order-system/contracts/orders.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import type { Tx } from '@order-system/prisma/database';
import { move, type Mover, type OrderState } from './order.rules.js';
import { lockOrder, saveOrder } from './order.store.js';

function moversOf(order: OrderState, { actor }: MessageContext): Mover[] {
  const movers: Mover[] = [];
  if (actor.id === order.userId) movers.push('owner');
  if (actor.role === 'admin') movers.push('admin');
  return movers;
}

export async function setOrderStatus(
  tx: Tx,
  { id, status, reason, trackingNumber, carrier }: CallInput<typeof SetOrderStatus>,
  ctx: MessageContext,
): Promise<void> {
  assertStaff(ctx.actor, 'set the status of an order');
  const order = await lockOrder(tx, id, ctx.actor);
  const decision = move(order, { to: status, movers: ['admin'], reason, trackingNumber, carrier });
  await saveOrder(tx, decision, ctx);
}

export async function cancelOrder(
  tx: Tx,
  { id, reason }: CallInput<typeof CancelOrder>,
  ctx: MessageContext,
): Promise<void> {
  const order = await lockOrder(tx, id, ctx.actor);
  await saveOrder(tx, move(order, { to: 'CANCELLED', movers: moversOf(order, ctx), reason }), ctx);
}
