import type { CallInput } from '@order-system/contracts/define';
import { DomainError, notFound } from '@order-system/contracts/errors';
import type { UpdateOrder } from '@order-system/contracts/orders.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import type { Tx } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';
import { change, possibleFor } from './order.rules.js';
import { json, lockOrder, saveOrder } from './order.store.js';

/** The owner changes what they asked for, while staff have not agreed to it. */
export async function updateOrder(
  tx: Tx,
  { id, ...changes }: CallInput<typeof UpdateOrder>,
  ctx: MessageContext,
): Promise<void> {
  const before = await lockOrder(tx, id, ctx.actor);
  if (before.userId !== ctx.actor.id) throw notFound('order');
  if (before.status !== 'REVIEW')
    throw new DomainError('ILLEGAL_TRANSITION', `An order in ${before.status} can no longer be edited.`, {
      from: before.status,
      // Whoever may do it: what the order waits for now.
      possible: possibleFor(before, ['owner', 'admin']),
    });
  const { description, specifications, quantity, metadata } = changes;
  await tx.execute(sql`
    UPDATE orders."order" SET description = coalesce(${description ?? null}, description),
      specifications = coalesce(${json(specifications)}::jsonb, specifications),
      quantity = coalesce(${quantity ?? null}, quantity), metadata = coalesce(${json(metadata)}::jsonb, metadata)
    WHERE id = ${id}`);
  await saveOrder(tx, change(before, {}, `changed: ${Object.keys(changes).join(', ')}`), ctx);
}
