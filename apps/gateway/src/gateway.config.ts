import { addressBlock, count, duration, list, messagingBlock, shopBlock } from '@order-system/config/blocks';
import { readConfig } from '@order-system/config/config';
import { z } from 'zod';

export const gatewaySchema = z.object({
  ...addressBlock.shape,
  ...messagingBlock.shape,
  ...shopBlock.shape,
  THROTTLE_LIMIT: count.default(1000),
  THROTTLE_TTL: duration.prefault('900s'),
  AUTH_THROTTLE_LIMIT: count.default(100),
  /** Addresses and networks whose X-Forwarded-For counts, such as "loopback, 10.0.0.0/8". */
  TRUSTED_PROXIES: list.prefault(''),
  CORS_ORIGIN: list.optional(),
  /** Events that one socket may send in a second. */
  SOCKET_RATE_LIMIT: count.default(50),
});
export type GatewayConfig = z.output<typeof gatewaySchema>;

/** Injection token. */
export const GATEWAY_CONFIG = Symbol('gateway config');

export const readGatewayConfig = (): GatewayConfig => readConfig(gatewaySchema);
