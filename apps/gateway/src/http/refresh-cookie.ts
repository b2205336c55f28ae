import type { CookieSerializeOptions } from '@fastify/cookie';
import { isProduction } from '@order-system/config/config';
import { DomainError } from '@order-system/contracts/errors';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isAllowedOrigin } from './cors.js';

const REFRESH_COOKIE = 'refresh_token';

/** Browsers drop a cookie only under the attributes it was set with. */
const attributes = (): CookieSerializeOptions => ({
  httpOnly: true,
  sameSite: 'strict',
  secure: isProduction(),
});

/** Old clients reach /auth without the prefix, and a cookie is sent back only below its path. */
const PATHS = { current: '/api/auth', old: '/auth' };
const pathOf = (request: FastifyRequest): string =>
  request.originalUrl.startsWith('/api/') ? PATHS.current : PATHS.old;

/** `ttl` in milliseconds. */
export function setRefreshCookie(
  request: FastifyRequest,
  reply: FastifyReply,
  token: string,
  ttl: number,
): void {
  const maxAge = Math.floor(ttl / 1000);
  void reply.setCookie(REFRESH_COOKIE, token, { ...attributes(), path: pathOf(request), maxAge });
}

export function clearRefreshCookie(reply: FastifyReply): void {
  for (const path of Object.values(PATHS)) void reply.clearCookie(REFRESH_COOKIE, { ...attributes(), path });
}

/** The token in the cookie. Throws FORBIDDEN when another site's page sent the request. */
export function refreshTokenFrom(
  request: FastifyRequest,
  allowed: readonly (string | RegExp)[],
): string | undefined {
  const { cookie } = request.headers;
  const token = cookie === undefined ? undefined : request.server.parseCookie(cookie)[REFRESH_COOKIE];
  if (!token) return undefined;
  if (!isOwnPage(request, allowed))
    throw new DomainError('FORBIDDEN', 'The cookie is taken from pages of this site only.');
  return token;
}

function isOwnPage({ headers, host }: FastifyRequest, allowed: readonly (string | RegExp)[]): boolean {
  const { origin } = headers;
  const site = headers['sec-fetch-site'];
  if (origin === undefined) return site === undefined || site === 'same-origin';
  if (URL.canParse(origin) && new URL(origin).host === host) return true;
  return isAllowedOrigin(origin, allowed);
}
