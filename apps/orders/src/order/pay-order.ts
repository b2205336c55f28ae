import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { CallInput, CallOutput } from '@order-system/contracts/define';
import { notFound } from '@order-system/contracts/errors';
import { PayOrder } from '@order-system/contracts/orders.contracts';
import { type Payment, StartPayment } from '@order-system/contracts/payments.contracts';
import type { MessageContext } from '@order-system/messaging/context';
import { firstAnswer, once } from '@order-system/messaging/idempotency';
import { RpcClient } from '@order-system/messaging/rpc-client';
import { Database, type Tx } from '@order-system/prisma/database';
import { newId } from '@order-system/prisma/id';
import { sql } from '@order-system/prisma/sql';
import type { OrderState } from './order.rules.js';
import { lockOrder, saveOrder } from './order.store.js';
import { type BegunPayment, noteAttempt, refuseUnlessPayable } from './paying.rules.js';
import { readWithPayment } from './read-with-payment.js';

type Input = CallInput<typeof PayOrder>;
type Answer = CallOutput<typeof PayOrder>;

/**
 * Another attempt to pay an order. It is noted when payments have begun it, so the order never names one that they
 * refused; after a crash in between, a repetition begins the very same attempt and notes it.
 */
@Injectable()
export class OrderPaying {
  constructor(
    private readonly db: Database,
    private readonly rpc: RpcClient,
  ) {}

  /** A repetition is answered as the first time, also when the order is paid by now. */
  async pay(input: Input, ctx: MessageContext): Promise<Answer> {
    if (ctx.idempotencyKey === undefined) return this.attempt(input, ctx);
    const first = await this.db.inTx((tx) => firstAnswer(tx, ctx, PayOrder, input));
    if (first) return first;
    const answer = await this.attempt(input, ctx);
    // Its provider has not answered: a repetition asks again.
    if (answer.payment.status === 'REQUESTED') return answer;
    return this.db.inTx((tx) => once(tx, ctx, PayOrder, input, async () => answer));
  }

  private async attempt(input: Input, ctx: MessageContext): Promise<Answer> {
    const paymentId = attemptId(input, ctx);
    const order = await this.db.inTx((tx) => this.payable(tx, input, paymentId, ctx));
    const { paymentMethod: method, paymentMethodId, paymentFlow: flow = 'FRONTEND' } = input;
    const started = await this.rpc.call(
      StartPayment,
      {
        paymentId,
        orderId: order.id,
        userId: order.userId,
        amount: order.total,
        method,
        flow,
        paymentMethodId,
        // Who was quoted a price was sent a link by mail: it stays the one to pay at.
        ifLive: order.kind === 'CUSTOM' ? 'SHARE' : 'END',
      },
      ctx,
    );
    const begun = toBegun(started.payment);
    await this.db.inTx(async (tx) =>
      saveOrder(tx, noteAttempt(await lockOrder(tx, order.id, ctx.actor), begun), ctx),
    );
    return { order: await readWithPayment(this.db, order.id, started.payment, ctx), ...started };
  }

  private async payable(tx: Tx, { id }: Input, paymentId: string, ctx: MessageContext): Promise<OrderState> {
    const order = await lockOrder(tx, id, ctx.actor);
    if (order.userId !== ctx.actor.id) throw notFound('order');
    if (order.paymentId !== paymentId) refuseUnlessPayable(order, await timeOf(tx));
    return order;
  }
}

/** All instances share the database's clock. */
async function timeOf(tx: Tx): Promise<Date> {
  const row = await tx.one<{ now: Date }>(sql`SELECT now() AS now`);
  return row!.now;
}

export const toBegun = ({ id, provider, status, createdAt }: Payment): BegunPayment => ({
  paymentId: id,
  provider,
  state: status,
  startedAt: createdAt,
});

/** A repetition under one Idempotency-Key is the same attempt. */
function attemptId({ id }: Input, { actor, idempotencyKey }: MessageContext): string {
  if (idempotencyKey === undefined) return newId();
  const hash = createHash('sha256')
    .update(JSON.stringify([id, actor.id, idempotencyKey]))
    .digest('hex');
  // UUID v7 like all ids, with the time of the order's: it must be the same however late it is made again.
  const [high, low] = id.split('-');
  return `${high}-${low}-7${hash.slice(13, 16)}-a${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}
