import { tokenBlock } from '@order-system/auth/tokens.config';
import { readConfig } from '@order-system/config/config';
import { Email, Password } from '@order-system/contracts/auth.contracts';
import { z } from 'zod';

export const authBlock = tokenBlock.extend({
  ADMIN_EMAIL: Email.default('admin@example.com'),
  /** Without one no admin is made at start. */
  ADMIN_PASSWORD: Password.optional(),
  /** Rounds of bcrypt as a power of two: 11 takes about 100 ms. */
  PASSWORD_COST: z.coerce.number('must be a whole number from 10 to 15').int().min(10).max(15).default(11),
});
export type AuthConfig = z.output<typeof authBlock>;

/** Throws ConfigError. */
export const readAuthConfig = (): AuthConfig => readConfig(authBlock);

/** Injection token of AuthConfig. */
export const AUTH_CONFIG = Symbol('AuthConfig');
