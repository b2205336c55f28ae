import { Controller, Inject } from '@nestjs/common';
import { assertStaff } from '@order-system/contracts/actor';
import type { CallInput } from '@order-system/contracts/define';
import {
  CancelOrder,
  GetOrder,
  GetOrderStats,
  ListOrders,
  type Order,
  PayOrder,
  PlaceOrder,
  SetOrderStatus,
  SettleReview,
  TrackOrder,
  UpdateOrder,
} from '@order-system/contracts/orders.contracts';
import { Nothing } from '@order-system/contracts/primitives';
import type { MessageContext } from '@order-system/messaging/context';
import { once } from '@order-system/messaging/idempotency';
import { Rpc } from '@order-system/messaging/rpc';
import { Database, type Tx } from '@order-system/prisma/database';
import { JobRunner } from '@order-system/service-host/job-runner';
import { ORDERS_CONFIG, type OrdersConfig } from '../orders.config.js';
import { cancelOrder, setOrderStatus } from './move-order.js';
import { listOrders, readOrder, readStats } from './order.read.js';
import { OrderPaying } from './pay-order.js';
import { OrderPlacing } from './place-order.js';
import { settleReview } from './settle-review.js';
import { StartQuotedPayments } from './start-quoted-payments.job.js';
import { updateOrder } from './update-order.js';

/** What a repeated cancellation is answered is the order, which is cancelled for good. */
const Cancellation = { ...CancelOrder, output: Nothing };

@Controller()
export class OrderRpc {
  constructor(
    private readonly db: Database,
    private readonly placing: OrderPlacing,
    private readonly paying: OrderPaying,
    @Inject(ORDERS_CONFIG) private readonly config: OrdersConfig,
    private readonly jobs: JobRunner,
  ) {}

  @Rpc(PlaceOrder)
  place(input: CallInput<typeof PlaceOrder>, ctx: MessageContext) {
    return this.placing.place(input, ctx);
  }

  @Rpc(PayOrder)
  pay(input: CallInput<typeof PayOrder>, ctx: MessageContext) {
    return this.paying.pay(input, ctx);
  }

  @Rpc(ListOrders)
  list(input: CallInput<typeof ListOrders>, { actor }: MessageContext) {
    if (input.userId !== undefined) assertStaff(actor, 'choose whose orders they see by userId');
    return listOrders(this.db, input, actor);
  }

  @Rpc(GetOrder)
  get({ id }: CallInput<typeof GetOrder>, { actor }: MessageContext) {
    return readOrder(this.db, id, actor);
  }

  @Rpc(TrackOrder)
  track({ id }: CallInput<typeof TrackOrder>, { actor }: MessageContext) {
    return readOrder(this.db, id, actor);
  }

  @Rpc(UpdateOrder)
  update(input: CallInput<typeof UpdateOrder>, ctx: MessageContext) {
    return this.change(input.id, ctx, (tx) => updateOrder(tx, input, ctx));
  }

  @Rpc(SetOrderStatus)
  setStatus(input: CallInput<typeof SetOrderStatus>, ctx: MessageContext) {
    return this.change(input.id, ctx, (tx) => setOrderStatus(tx, input, ctx));
  }

  @Rpc(CancelOrder)
  cancel(input: CallInput<typeof CancelOrder>, ctx: MessageContext) {
    return this.change(input.id, ctx, (tx) =>
      once(tx, ctx, Cancellation, input, async () => {
        await cancelOrder(tx, input, ctx);
        return {};
      }),
    );
  }

  @Rpc(SettleReview)
  settle(input: CallInput<typeof SettleReview>, ctx: MessageContext) {
    return this.change(input.id, ctx, async (tx) => {
      await settleReview(tx, { ...input, provider: this.config.defaultProvider }, ctx);
      if (input.quote !== undefined) tx.afterCommit(() => this.jobs.wake(StartQuotedPayments));
    });
  }

  @Rpc(GetOrderStats)
  stats(input: CallInput<typeof GetOrderStats>, { actor }: MessageContext) {
    assertStaff(actor, 'see the statistics');
    return readStats(this.db, input);
  }

  private async change(
    id: string,
    { actor }: MessageContext,
    work: (tx: Tx) => Promise<unknown>,
  ): Promise<Order> {
    await this.db.inTx(work);
    return readOrder(this.db, id, actor);
  }
}
