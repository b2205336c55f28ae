import { Injectable } from '@nestjs/common';
import { systemContext } from '@order-system/messaging/context';
import { logger } from '@order-system/observability/logger';
import { Database } from '@order-system/prisma/database';
import type { Job } from '@order-system/service-host/service';
import { releaseLapsedHold } from './release-lapsed-hold.js';
import { overdueOrders } from './stock.store.js';

const log = logger('catalog.holds');
const MOST_AT_ONCE = 200;

/** Each order in a transaction of its own: locks stay short, and one that fails does not keep the others. */
@Injectable()
export class ReleaseLapsedHolds implements Job {
  readonly everyMs = 1000;

  constructor(private readonly db: Database) {}

  async run(): Promise<void> {
    for (const { orderId } of await this.db.query<{ orderId: string }>(overdueOrders(MOST_AT_ONCE))) {
      try {
        await this.db.inTx((tx) => releaseLapsedHold(tx, { orderId }, systemContext()));
      } catch (error) {
        log.error({ err: error, orderId }, 'a lapsed hold could not be released; it is tried again');
      }
    }
  }
}
