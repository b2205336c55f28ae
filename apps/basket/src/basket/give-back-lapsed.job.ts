import { Injectable } from '@nestjs/common';
import { logger } from '@order-system/observability/logger';
import { Database } from '@order-system/prisma/database';
import type { Job } from '@order-system/service-host/service';
import { lapsedCheckouts, putBack } from './checkout.store.js';

const log = logger('basket.checkouts');
/** As long as the stock is held for an order that is being placed. */
const LAPSE_MS = 120_000;
const MOST_AT_ONCE = 200;

/** What was taken out of a basket for an order whose placing broke off goes back. */
@Injectable()
export class GiveBackLapsed implements Job {
  readonly everyMs = 10_000;

  constructor(private readonly db: Database) {}

  async run(): Promise<void> {
    for (const { orderId } of await this.db.query<{ orderId: string }>(
      lapsedCheckouts(LAPSE_MS, MOST_AT_ONCE),
    )) {
      try {
        await this.db.inTx((tx) => putBack(tx, orderId));
      } catch (error) {
        log.error(
          { err: error, orderId },
          'a basket could not get back what was taken out; it is tried again',
        );
      }
    }
  }
}
