import { afterEach, expect, it } from '@jest/globals';
import { endedRefreshCookie, refreshCookie } from './refresh-cookie.js';

const { NODE_ENV } = process.env;
afterEach(() => void (process.env['NODE_ENV'] = NODE_ENV));

it('the refresh token is for our own pages alone, for no script, and in production for TLS only', () => {
  process.env['NODE_ENV'] = 'production';
  const attributes = { httpOnly: true, sameSite: 'strict', secure: true, path: '/api/auth' };
  expect(refreshCookie(60_000)).toEqual({ ...attributes, maxAge: 60 });
  expect(endedRefreshCookie()).toEqual(attributes);
  process.env['NODE_ENV'] = 'development';
  expect(refreshCookie(60_000).secure).toBe(false);
});
