import { addressBlock, databaseBlock, messagingBlock, port, shopBlock } from '@order-system/config/blocks';
import { loggingBlock } from '@order-system/observability/logger';

/** What every process reads, whichever services it holds. */
export const hostBlock = databaseBlock
  .extend(messagingBlock.shape)
  .extend(shopBlock.shape)
  .extend(addressBlock.shape)
  .extend(loggingBlock.shape)
  .extend({ HEALTH_PORT: port.default(0) });
