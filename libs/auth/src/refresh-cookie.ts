import type { CookieSerializeOptions } from '@fastify/cookie';
import { isProduction } from '@order-system/config/config';

export const REFRESH_COOKIE = 'refresh_token';

const attributes = (): CookieSerializeOptions => ({
  httpOnly: true,
  sameSite: 'strict',
  secure: isProduction(),
  path: '/api/auth',
});

/** For `reply.setCookie(REFRESH_COOKIE, token, ...)`; `ttl` is REFRESH_TOKEN_TTL, in milliseconds. */
export const refreshCookie = (ttl: number): CookieSerializeOptions => ({
  ...attributes(),
  maxAge: Math.floor(ttl / 1000),
});

/** For `reply.clearCookie(REFRESH_COOKIE, ...)`: browsers drop a cookie only under the attributes it was set with. */
export const endedRefreshCookie = attributes;
