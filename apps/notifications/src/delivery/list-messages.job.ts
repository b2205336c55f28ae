import { Inject, Injectable } from '@nestjs/common';
import { Database, type Tx } from '@order-system/prisma/database';
import type { Job } from '@order-system/service-host/service';
import { NOTIFICATIONS_CONFIG, type NotificationsConfig } from '../notifications.config.js';
import { claimDeliveries, markSent, READ_MEANWHILE, withdraw } from './delivery.store.js';

const BATCH = 100;
/** Whoever looks at a room marks what comes as read within this time: it needs no entry in their list. */
const LOOKS_WITHIN_MS = 3000;

/** Lists messages for those who did not read them at once; it waits for no mail server. */
@Injectable()
export class ListMessages implements Job {
  readonly everyMs = 500;
  private readonly awayMs: number;

  constructor(
    private readonly db: Database,
    @Inject(NOTIFICATIONS_CONFIG) config: NotificationsConfig,
  ) {
    this.awayMs = Math.min(config.awayMs, LOOKS_WITHIN_MS);
  }

  async run(): Promise<boolean> {
    return (await this.db.inTx((tx) => listDue(tx, this.awayMs))) === BATCH;
  }
}

async function listDue(tx: Tx, awayMs: number): Promise<number> {
  const due = await claimDeliveries(tx, { channels: ['IN_APP'], most: BATCH, awayMs });
  const read = due.filter(({ isRead }) => isRead);
  if (read.length > 0) await withdraw(tx, read, READ_MEANWHILE);
  const unread = due.filter(({ isRead }) => !isRead);
  if (unread.length > 0) await markSent(tx, unread);
  return due.length;
}
