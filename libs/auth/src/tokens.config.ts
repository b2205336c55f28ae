import { duration, secret } from '@order-system/config/blocks';
import { z } from 'zod';

/** What auth, which issues tokens, and the gateway, which checks them, have to agree on. Times in milliseconds. */
export const tokenBlock = z.object({
  JWT_SECRET: secret('JWT_SECRET'),
  ACCESS_TOKEN_TTL: duration.prefault('10m'),
  REFRESH_TOKEN_TTL: duration.prefault('30d'),
});
export type TokenConfig = z.output<typeof tokenBlock>;

/** Injection token of a TokenConfig. */
export const TOKEN_CONFIG = Symbol('TOKEN_CONFIG');
