import { Injectable } from '@nestjs/common';
import { isFinalRefusal } from '@order-system/contracts/errors';
import { systemContext } from '@order-system/messaging/context';
import { logger } from '@order-system/observability/logger';
import { Database } from '@order-system/prisma/database';
import type { Job } from '@order-system/service-host/service';
import { RoomClosing } from './close-room.js';
import { claimClosing } from './closing.store.js';

const log = logger('chat');

/** Goes on with closings that stopped in the middle. Many may run: each closing is taken by one, for a lease. */
@Injectable()
export class FinishClosings implements Job {
  readonly everyMs = 1000;

  constructor(
    private readonly db: Database,
    private readonly closing: RoomClosing,
  ) {}

  async run(): Promise<boolean> {
    const next = await claimClosing(this.db);
    if (!next) return false;
    const { by, orderId, correlationId } = next;
    try {
      await this.closing.finish(next, { ...systemContext(correlationId), actor: { id: by, role: 'admin' } });
    } catch (err) {
      // An outage: the closing keeps its lease, so the next run begins with another one.
      if (!isFinalRefusal(err)) throw err;
      log.warn({ err, orderId, correlationId }, 'a closing was refused, its room is open again');
    }
    return true;
  }
}
