import { z } from 'zod';
import { parsingMode } from './config.js';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/;

/** "500ms", "90s", "30m", "2h", "30d" or a number of seconds; gives milliseconds. Its default: `.prefault('30m')`. */
export const duration = z.string().transform((text, ctx) => {
  const [, amount, unit = 's'] = DURATION.exec(text.trim()) ?? [];
  if (amount !== undefined) return Number(amount) * (UNITS[unit] ?? 1000);
  ctx.addIssue({
    code: 'custom',
    message: 'must be a time such as 500ms, 90s, 30m, 2h, 30d or a number of seconds',
  });
  return z.NEVER;
});

export const flag = z.stringbool({ error: 'must be true or false' });
export const port = z.coerce.number('must be a port number, at most 65535').int().min(0).max(65_535);
export const count = z.coerce.number('must be a whole number, at least 1').int().min(1);

/** "a, b" -> ['a', 'b'] */
export const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

const SHORTEST_SECRET = 32;
const WELL_KNOWN = /change[-_ ]?me|default|secret[-_ ]?key|your[-_ ]|example|password|^(.)\1*$|123456/i;

/** A secret has no default. In production it is long and not one of those that everybody knows. */
export const secret = (name: string) =>
  z
    .string({
      error: () =>
        parsingMode() === 'production'
          ? `set ${name} to at least ${SHORTEST_SECRET} random characters, for instance from: openssl rand -base64 48`
          : `start with "npm start", which makes a ${name}, or set it yourself`,
    })
    .superRefine((value, ctx) => {
      if (parsingMode() !== 'production') return;
      const refuse = (message: string) => ctx.addIssue({ code: 'custom', message });
      if (value.length < SHORTEST_SECRET)
        refuse(
          `must have at least ${SHORTEST_SECRET} characters, for instance from: openssl rand -base64 48`,
        );
      else if (WELL_KNOWN.test(value))
        refuse('is one that everybody knows; take a random one: openssl rand -base64 48');
    });

const url = (protocols: RegExp, example: string) =>
  z.url({ protocol: protocols, hostname: /.+/, error: `must be a URL such as ${example}` });

const POSTGRES = 'postgresql://postgres:postgres@localhost:5432/order_system';
export const databaseBlock = z.object({
  DATABASE_URL: url(/^postgres(ql)?$/, POSTGRES).default(POSTGRES),
  DATABASE_POOL: count.max(100, 'must be at most 100').default(5),
});

const RABBITMQ = 'amqp://guest:guest@localhost:5672';
const topologyBlock = z.object({
  TOPOLOGY: z.enum(['embedded', 'distributed'], 'must be embedded or distributed').default('distributed'),
});
export type Topology = z.output<typeof topologyBlock>['TOPOLOGY'];

export const messagingBlock = topologyBlock.extend({
  AMQP_URL: url(/^amqps?$/, RABBITMQ).default(RABBITMQ),
  MESSAGING_NAMESPACE: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]{0,40}$/, 'must be lower-case letters, digits, dashes or underscores')
    .default('os'),
  /** Delays between the attempts to apply an event; after the last one it is a dead letter. */
  RETRY_LADDER: list.pipe(z.array(duration).min(1)).prefault('5s, 30s, 5m, 30m'),
  /** How often consumers look for events that they missed. */
  CATCH_UP_EVERY: duration.prefault('30s'),
});

export const redisBlock = z.object({
  REDIS_URL: url(/^rediss?$/, 'redis://localhost:6379').optional(),
  REDIS_HOST: z.string().default('localhost'),
  REDIS_PORT: port.default(6379),
  REDIS_PASSWORD: z.string().optional(),
  REDIS_DB: z.coerce.number('must be a whole number, at least 0').int().min(0).default(0),
});

/** REDIS_URL, or one made of the parts. */
export function redisUrl(config: z.output<typeof redisBlock>): string {
  if (config.REDIS_URL !== undefined) return config.REDIS_URL;
  const login = config.REDIS_PASSWORD === undefined ? '' : `:${encodeURIComponent(config.REDIS_PASSWORD)}@`;
  return `redis://${login}${config.REDIS_HOST}:${config.REDIS_PORT}/${config.REDIS_DB}`;
}

const CURRENCIES = new Set(Intl.supportedValuesOf('currency'));
export const shopBlock = z.object({
  CURRENCY: z
    .string()
    .toUpperCase()
    .refine((code) => CURRENCIES.has(code), 'must be an ISO 4217 code such as USD')
    .default('USD'),
});

const webUrl = url(/^https?$/, 'http://localhost:3000').transform((text) => text.replace(/\/+$/, ''));
export const addressBlock = z.object({
  PORT: port.default(3000),
  PUBLIC_URL: webUrl.optional(),
  GATEWAY_URL: webUrl.optional(),
});

/** Where people reach the gateway. */
export const publicUrl = (config: { PORT: number; PUBLIC_URL?: string }): string =>
  config.PUBLIC_URL ?? `http://localhost:${config.PORT}`;

/** Where the system's own services reach the gateway: on IPv4 it always listens, and `localhost` may be of IPv6 alone. */
export const gatewayUrl = (config: z.output<typeof addressBlock>): string =>
  config.GATEWAY_URL ?? config.PUBLIC_URL ?? `http://127.0.0.1:${config.PORT}`;
