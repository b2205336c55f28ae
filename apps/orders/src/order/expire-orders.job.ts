import { Injectable } from '@nestjs/common';
import { systemContext } from '@order-system/messaging/context';
import { crashPoint } from '@order-system/messaging/crash-point';
import { Database } from '@order-system/prisma/database';
import { sql } from '@order-system/prisma/sql';
import type { Job } from '@order-system/service-host/service';
import { move } from './order.rules.js';
import { lockOrder, saveOrder } from './order.store.js';

const BATCH = 50;

/** The order's payment has come in, and the order only has not heard of it yet. */
const IS_PAID = sql`o.payment_status IN ('PENDING', 'FAILED') AND EXISTS (
  SELECT FROM events.event e WHERE e.aggregate_id = o.payment_id AND e.type = 'payment.succeeded'
    AND e.data ->> 'goesBack' IS DISTINCT FROM 'true')`;

/** Cancels orders that nobody paid in time, by the database's clock. Many may run: each order is taken by one. */
@Injectable()
export class ExpireOrders implements Job {
  readonly everyMs = 1000;

  constructor(private readonly db: Database) {}

  run(): Promise<boolean> {
    return this.db.inTx(async (tx) => {
      const due = await tx.query<{ id: string }>(sql`
        SELECT o.id FROM orders."order" o WHERE o.status = 'PENDING' AND o.pay_before <= now() AND NOT (${IS_PAID})
        ORDER BY o.pay_before LIMIT ${BATCH} FOR UPDATE OF o SKIP LOCKED`);
      for (const { id } of due) {
        const ctx = systemContext();
        const order = await lockOrder(tx, id, ctx.actor);
        const decision = move(order, { to: 'CANCELLED', movers: ['time'], reason: 'not paid in time' });
        await saveOrder(tx, decision, ctx);
      }
      if (due.length > 0) crashPoint('saga.timer_fired');
      return due.length === BATCH;
    });
  }
}
