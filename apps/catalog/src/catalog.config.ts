import { duration, flag } from '@order-system/config/blocks';
import { isProduction, readConfig } from '@order-system/config/config';
import { z } from 'zod';

export const catalogConfig = readConfig(
  z.object({
    /** How long stock is held for an order that nobody has heard of yet. */
    STOCK_HOLD: duration.prefault('2m'),
    LOW_STOCK: z.coerce.number('must be a whole number').int().min(0).default(5),
    DEMO_DATA: flag.default(!isProduction()),
  }),
);

export interface StockSettings {
  holdMs: number;
  /** Staff hear of it when no more than this can be bought. */
  lowStock: number;
}

export const stockSettings: StockSettings = {
  holdMs: catalogConfig.STOCK_HOLD,
  lowStock: catalogConfig.LOW_STOCK,
};
