import { Injectable } from '@nestjs/common';
import { DomainError } from '@order-system/contracts/errors';
import { type PaymentProviderName, StartPayment } from '@order-system/contracts/payments.contracts';
import { type MessageContext, systemContext } from '@order-system/messaging/context';
import { RpcClient } from '@order-system/messaging/rpc-client';
import { logger } from '@order-system/observability/logger';
import { Database } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';
import type { Job } from '@order-system/service-host/service';
import type { Decision, OrderState } from './order.rules.js';
import { lockOrder, saveOrder } from './order.store.js';
import { toBegun } from './pay-order.js';
import { markNotStarted, noteBegun } from './review.rules.js';

const log = logger('orders');
const BATCH = 50;
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

interface Quoted {
  id: string;
  userId: string;
  paymentId: string;
  provider: PaymentProviderName;
  total: number;
  correlationId: string;
}

/**
 * Starts the payments of quoted orders. Each has its id since it was quoted, so starting it again after a crash, or
 * in two processes at once, is the same payment.
 */
@Injectable()
export class StartQuotedPayments implements Job {
  readonly everyMs = 1000;

  constructor(
    private readonly db: Database,
    private readonly rpc: RpcClient,
  ) {}

  async run(): Promise<void> {
    for (let after = BEFORE_ALL; ;) {
      const batch = await this.due(after);
      for (const order of batch) await this.start(order);
      const last = batch.at(-1);
      if (!last || batch.length < BATCH) return;
      after = last.id;
    }
  }

  private due(after: string): Promise<Quoted[]> {
    return this.db.query<Quoted>(sql`
      SELECT o.id, o.user_id AS "userId", o.payment_id AS "paymentId", o.payment_provider AS provider, o.total,
        e.correlation_id AS "correlationId"
      FROM orders."order" o
      JOIN events.event e ON e.aggregate_id = o.id AND e.aggregate_version = o.version
      WHERE o.payment_state = 'REQUESTED' AND o.payment_status = 'PENDING' AND o.status <> 'CANCELLED'
        AND o.id > ${after}
      ORDER BY o.id LIMIT ${BATCH}`);
  }

  private async start(quoted: Quoted): Promise<void> {
    const { id, paymentId, correlationId } = quoted;
    const ctx = systemContext(correlationId);
    try {
      const { payment } = await this.begin(quoted, ctx);
      await this.note(id, ctx, (order) => noteBegun(order, paymentId, toBegun(payment)));
    } catch (err) {
      // Payments cannot be reached: then the others have to wait as well.
      if (!(err instanceof DomainError) || err.code === 'SERVICE_UNAVAILABLE') throw err;
      log.warn({ err, orderId: id, correlationId }, 'the payment of a quoted order could not be started');
      if (!err.retryable) await this.note(id, ctx, (order) => markNotStarted(order, paymentId));
    }
  }

  /** The customer may have been quicker: what they were answered with is kept, and is the answer here too. */
  private begin({ id: orderId, userId, paymentId, provider, total }: Quoted, ctx: MessageContext) {
    const attempt = { paymentId, orderId, userId, amount: total, method: provider };
    return this.rpc.call(StartPayment, { ...attempt, flow: 'FRONTEND', ifLive: 'KEEP' }, ctx);
  }

  private note(id: string, ctx: MessageContext, rule: (order: OrderState) => Decision | null): Promise<void> {
    return this.db.inTx(async (tx) => saveOrder(tx, rule(await lockOrder(tx, id, ctx.actor)), ctx));
  }
}
