import { duration, flag } from '@order-system/config/blocks';
import { isProduction, readConfig } from '@order-system/config/config';
import { z } from 'zod';

export const catalogBlock = z.object({
  /** How long stock is held for an order that nobody has heard of yet. */
  STOCK_HOLD: duration.prefault('2m'),
  /** Staff hear of it when no more than this can be bought. */
  LOW_STOCK: z.coerce.number('must be a whole number, at least 0').int().min(0).default(5),
  DEMO_DATA: flag.default(() => !isProduction()),
});
type CatalogConfig = z.output<typeof catalogBlock>;

let config: CatalogConfig | undefined;

/**
 * Not injected as elsewhere: what a consumer calls, which is no class, needs it too. Read at the start of the service
 * and not while its module loads, where nobody would say what is wrong.
 */
export const catalogConfig = (): CatalogConfig => (config ??= readConfig(catalogBlock));

export const stockSettings = () => {
  const { STOCK_HOLD: holdMs, LOW_STOCK: lowStock } = catalogConfig();
  return { holdMs, lowStock };
};
