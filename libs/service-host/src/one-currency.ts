import { Injectable, type Type } from '@nestjs/common';
import { ConfigError } from '@order-system/config/config';
import { shopCurrency } from '@order-system/contracts/money';
import { Database } from '@order-system/prisma/database';
import type { Sql } from '@order-system/prisma/sql';
import type { StartUp } from './service.js';

/**
 * Refuses to start under another currency than the amounts of a table are in: they are kept in its smallest unit, so
 * 1,500 JPY would be sold for 15.00 EUR. `latest` is the currency of the row that was made last. Throws ConfigError.
 */
export function oneCurrency(latest: Sql): Type<StartUp> {
  @Injectable()
  class OneCurrency implements StartUp {
    constructor(private readonly db: Database) {}

    async run(): Promise<void> {
      const [row] = await this.db.query<{ currency: string }>(latest);
      if (row && row.currency !== shopCurrency())
        throw new ConfigError([
          `CURRENCY must stay ${row.currency}, in which the amounts in the database are; ${shopCurrency()} needs a database of its own`,
        ]);
    }
  }
  return OneCurrency;
}
