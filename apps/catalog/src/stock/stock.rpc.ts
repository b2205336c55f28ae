import { Controller } from '@nestjs/common';
import { ReleaseStock, ReserveStock } from '@order-system/contracts/catalog.contracts';
import type { CallInput } from '@order-system/contracts/define';
import type { MessageContext } from '@order-system/messaging/context';
import { crashPoint } from '@order-system/messaging/crash-point';
import { Rpc } from '@order-system/messaging/rpc';
import { Database } from '@order-system/prisma/database';
import { followOrder } from './follow-order.js';
import { reserveStock } from './reserve-stock.js';

@Controller()
export class StockRpc {
  constructor(private readonly db: Database) {}

  @Rpc(ReserveStock)
  async reserve(input: CallInput<typeof ReserveStock>, ctx: MessageContext) {
    // The order's own commit makes the hold durable; without an order it lapses anyway.
    const answer = await this.db.inTx((tx) => reserveStock(tx, input, ctx), { durable: false });
    crashPoint('catalog.reserved');
    return answer;
  }

  @Rpc(ReleaseStock)
  async release({ orderId }: CallInput<typeof ReleaseStock>, ctx: MessageContext) {
    await this.db.inTx((tx) => followOrder(tx, { orderId, fate: 'not placed' }, ctx));
    return {};
  }
}
