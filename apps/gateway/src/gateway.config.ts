import { isIP } from 'node:net';
import { addressBlock, count, duration, list, messagingBlock, shopBlock } from '@order-system/config/blocks';
import { type Environment, readConfig } from '@order-system/config/config';
import { z } from 'zod';

const NAMED_NETWORKS = ['loopback', 'linklocal', 'uniquelocal'];

/** An address, or a network that is not everybody; the server itself would take "1" for the address 0.0.0.1. */
function isNetwork(text: string): boolean {
  if (NAMED_NETWORKS.includes(text)) return true;
  const [, address = '', bits] = /^([^/]+)(?:\/(\d+))?$/.exec(text) ?? [];
  const family = isIP(address);
  if (family === 0) return false;
  return bits === undefined || (Number(bits) > 0 && Number(bits) <= (family === 4 ? 32 : 128));
}

/** As browsers name a site: what has a path, a capital letter or no scheme matches none, "*" and "null" are everybody's. */
const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/(?:[a-z\d._-]+|\[[\da-f:]+\])(?::\d+)?$/;

export const gatewayBlock = z.object({
  ...addressBlock.shape,
  ...messagingBlock.shape,
  ...shopBlock.shape,
  THROTTLE_LIMIT: count.default(1000),
  THROTTLE_TTL: duration.prefault('900s'),
  AUTH_THROTTLE_LIMIT: count.default(100),
  /** Addresses and networks whose X-Forwarded-For counts, such as "loopback, 10.0.0.0/8". */
  TRUSTED_PROXIES: list
    .refine(
      (items) => items.every(isNetwork),
      'must be addresses and networks such as "loopback, 10.0.0.0/8"',
    )
    .prefault(''),
  CORS_ORIGIN: list
    .refine(
      (items) => items.every((item) => ORIGIN.test(item)),
      'must be sites as browsers name them, such as "https://shop.example.com, https://staff.example.com"',
    )
    .optional(),
  /** Events that a user may send to one gateway in a second, through all their sockets. */
  SOCKET_RATE_LIMIT: count.default(50),
});
export type GatewayConfig = z.output<typeof gatewayBlock>;

/** Throws ConfigError. */
export const readGatewayConfig = (env?: Environment): GatewayConfig => readConfig(gatewayBlock, env);

/** Injection token of GatewayConfig. */
export const GATEWAY_CONFIG = Symbol('GatewayConfig');
