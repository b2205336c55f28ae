import { Injectable } from '@nestjs/common';
import { systemContext } from '@order-system/messaging/context';
import { logger } from '@order-system/observability/logger';
import { Database } from '@order-system/prisma/database';
import type { StartUp } from '@order-system/service-host/service';
import { catalogConfig } from '../catalog.config.js';
import { fillCatalogue } from './fill-catalogue.js';

const log = logger('catalog.demo');

/** Gives a newcomer something to look at. */
@Injectable()
export class DemoCatalogue implements StartUp {
  constructor(private readonly db: Database) {}

  async run(): Promise<void> {
    if (!catalogConfig().DEMO_DATA) return;
    const products = await this.db.inTx((tx) => fillCatalogue(tx, systemContext()));
    if (products > 0) log.info({ products }, 'filled the empty catalogue with demo products');
  }
}
