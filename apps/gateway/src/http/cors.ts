import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { GatewayConfig } from '../gateway.config.js';

type CorsOptions = NonNullable<Parameters<NestFastifyApplication['enableCors']>[0]>;

const LOCAL = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/;

/** Whose pages may call us: our own and those listed; with no list, in development also those of this machine. */
export function allowedOrigins(
  { CORS_ORIGIN, PUBLIC_URL }: Pick<GatewayConfig, 'CORS_ORIGIN' | 'PUBLIC_URL'>,
  isProduction: boolean,
): (string | RegExp)[] {
  // A proxy may call us by another name than people do.
  const own = PUBLIC_URL === undefined ? [] : [new URL(PUBLIC_URL).origin];
  if (CORS_ORIGIN !== undefined) return [...own, ...CORS_ORIGIN];
  return isProduction ? own : [...own, LOCAL];
}

export const isAllowedOrigin = (origin: string, allowed: readonly (string | RegExp)[]): boolean =>
  allowed.some((each) => (typeof each === 'string' ? each === origin : each.test(origin)));

export const corsOptions = (origin: (string | RegExp)[]): CorsOptions => ({
  origin,
  credentials: true,
  methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
  allowedHeaders: [
    'Authorization',
    'Content-Type',
    'Idempotency-Key',
    'X-Correlation-Id',
    'Traceparent',
    'Tracestate',
  ],
  exposedHeaders: [
    'X-Correlation-Id',
    'Retry-After',
    'X-RateLimit-Limit',
    'X-RateLimit-Remaining',
    'X-RateLimit-Reset',
  ],
  maxAge: 600,
  // A preflight is answered at once: by then the headers of every answer must be there.
  hook: 'preParsing',
  // What is no preflight gets the same empty answer: the refusal would be plain text.
  strictPreflight: false,
});
