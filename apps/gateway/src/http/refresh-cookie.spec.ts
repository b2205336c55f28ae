import cookie from '@fastify/cookie';
import { afterEach, expect, it } from '@jest/globals';
import fastify from 'fastify';
import { clearRefreshCookie, setRefreshCookie } from './refresh-cookie.js';

const { NODE_ENV } = process.env;
afterEach(() => void (process.env['NODE_ENV'] = NODE_ENV));

async function cookiesAt(path: string) {
  const server = fastify().register(cookie);
  server.post(`${path}/login`, async (request, reply) => setRefreshCookie(request, reply, 't', 60_000));
  server.post(`${path}/logout`, async (_, reply) => clearRefreshCookie(reply));
  const send = async (url: string) => (await server.inject({ method: 'POST', url })).cookies;
  const cookies = { set: await send(`${path}/login`), cleared: await send(`${path}/logout`) };
  await server.close();
  return cookies;
}

const ours = { name: 'refresh_token', httpOnly: true, sameSite: 'Strict' };

it('the refresh token is for our own pages alone, for no script, and in production for TLS only', async () => {
  process.env['NODE_ENV'] = 'production';
  expect((await cookiesAt('/api/auth')).set).toEqual([
    { ...ours, value: 't', secure: true, path: '/api/auth', maxAge: 60 },
  ]);
  process.env['NODE_ENV'] = 'development';
  const [set] = (await cookiesAt('/api/auth')).set;
  expect(set).toMatchObject(ours);
  expect(set).not.toHaveProperty('secure');
});

it('the refresh token is dropped under the attributes that it was set with, whichever path that was', async () => {
  process.env['NODE_ENV'] = 'production';
  const { set, cleared } = await cookiesAt('/auth');
  expect(set).toMatchObject([{ path: '/auth' }]);
  expect(cleared).toMatchObject(['/api/auth', '/auth'].map((path) => ({ ...ours, secure: true, path })));
});
