import { CloseRoom } from '@order-system/contracts/chat.contracts';
import type { CallInput } from '@order-system/contracts/define';
import type { MessageContext } from '@order-system/messaging/context';
import { Order } from '@order-system/contracts/orders.contracts';
import { requestHash, takeKey } from '@order-system/messaging/idempotency';
import type { Tx } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';
import { z } from 'zod';
import { askedFor, type Closing } from './closing.store.js';

/** What the customer wrote stays with their order alone: the key is staff's, and outlives the customer's account. */
const Kept = CloseRoom.output.extend({
  order: Order.omit({
    description: true,
    specifications: true,
    metadata: true,
    shippingAddress: true,
    notes: true,
  }),
});
export type KeptAnswer = z.output<typeof Kept>;

/**
 * Takes the Idempotency-Key of a closing, or finds what it was answered. A closing takes more than one transaction and
 * may be ended by another process, so its key is known again by the request, not by who carries it out.
 */
export async function claimKey(
  tx: Tx,
  input: CallInput<typeof CloseRoom>,
  ctx: MessageContext,
): Promise<KeptAnswer | 'running' | 'new'> {
  if (ctx.idempotencyKey === undefined) return 'new';
  const first = await takeKey(tx, ctx, CloseRoom, input);
  if (first === 'new') return 'new';
  return first.response === null ? 'running' : Kept.parse(first.response);
}

const hashOf = (closing: Closing): string => requestHash(CloseRoom, askedFor(closing));

export async function keepAnswer(tx: Tx, closing: Closing, answer: KeptAnswer): Promise<void> {
  await tx.execute(sql`
    UPDATE events.idempotency_key SET response = ${JSON.stringify(z.encode(Kept, answer))}::jsonb
    WHERE service = 'chat' AND actor = ${closing.by} AND call = ${CloseRoom.name}
      AND request_hash = ${hashOf(closing)} AND response = 'null'`);
}

/** A refused request gives its key back: nothing was done under it. */
export async function dropKey(tx: Tx, closing: Closing): Promise<void> {
  await tx.execute(sql`
    DELETE FROM events.idempotency_key WHERE service = 'chat' AND actor = ${closing.by}
      AND call = ${CloseRoom.name} AND request_hash = ${hashOf(closing)} AND response = 'null'`);
}
