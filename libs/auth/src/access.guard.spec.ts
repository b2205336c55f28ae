import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  Module,
  Post,
  Req,
  UseGuards,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtService } from '@nestjs/jwt';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { DomainError } from '@order-system/contracts/errors';
import { RpcClient } from '@order-system/messaging/rpc-client';
import type { FastifyReply } from 'fastify';
import { AuthOfTheTest } from './access.fixture.js';
import { AccessGuard } from './access.guard.js';
import { AccessModule } from './access.module.js';
import type { AuthRequest, LogInAnswer } from './auth-request.js';
import { FreshSession, LoggedIn, OptionalUser, Public, Reader, Roles } from './decorators.js';
import { LocalGuard } from './local.strategy.js';
import { SessionCheck } from './session-check.js';
import { TOKEN_CONFIG } from './tokens.config.js';
import { AUDIENCE, AccessTokens, ISSUER } from './tokens.js';

const sub = '0199aaaa-0000-7000-8000-000000000001';
const sid = '0199aaaa-0000-7000-8000-000000000002';
const secret = 'a-secret-of-the-tests';
const auth = new AuthOfTheTest();

@Controller()
class Routes {
  @Get('plain') plain(@Req() { actor }: AuthRequest) {
    return actor;
  }
  @Public() @Get('public') public(@Req() { actor }: AuthRequest) {
    return actor;
  }
  @OptionalUser() @Get('optional') optional(@Req() { actor }: AuthRequest) {
    return actor;
  }
  @Reader() @Get('read') read(@Req() { actor }: AuthRequest) {
    return actor;
  }
  @FreshSession() @Get('money') money(@Req() { actor }: AuthRequest) {
    return actor;
  }
  @Public() @UseGuards(LocalGuard) @Post('login') login(@LoggedIn() answer: LogInAnswer) {
    return answer;
  }
}

@Roles('admin')
@Controller('admin')
class AdminRoutes {
  @Get() all(@Req() { actor }: AuthRequest) {
    return actor;
  }
  @Public() @Get('public') open() {
    return {};
  }
}

@Module({ providers: [{ provide: RpcClient, useValue: auth }], exports: [RpcClient] })
class Host {}

@Catch(DomainError)
class ByStatus implements ExceptionFilter<DomainError> {
  catch(error: DomainError, host: ArgumentsHost) {
    void host
      .switchToHttp()
      .getResponse<FastifyReply>()
      .status(error.status)
      .send({ code: error.code, ...error.facts });
  }
}

let app: NestFastifyApplication;
let good: string;
beforeAll(async () => {
  const module = await Test.createTestingModule({
    imports: [{ module: Host, global: true }, AccessModule],
    controllers: [Routes, AdminRoutes],
    providers: [{ provide: APP_GUARD, useExisting: AccessGuard }],
  })
    .overrideProvider(TOKEN_CONFIG)
    .useValue({ JWT_SECRET: secret, ACCESS_TOKEN_TTL: 600_000, REFRESH_TOKEN_TTL: 1 })
    .compile();
  app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
  app.useGlobalFilters(new ByStatus());
  await app.init();
  good = app.get(AccessTokens).issue({ userId: sub, role: 'admin', sessionId: sid }).token;
});
afterAll(() => app.close());
beforeEach(() => {
  auth.session = { userId: sub, role: 'admin' };
  auth.isAway = false;
  auth.asked.length = 0;
  app.get(SessionCheck).forgetSession(sid);
});

const get = (url: string, token?: string) =>
  app.inject({ url, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });
const statusOf = async (url: string, token?: string) => (await get(url, token)).statusCode;

/** A token signed with whatever is given. */
function forge(payload: object, { header = {}, key = secret, hash = 'sha256' } = {}): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const body = `${part({ alg: 'HS256', typ: 'JWT', ...header })}.${part(payload)}`;
  return `${body}.${createHmac(hash, key).update(body).digest('base64url')}`;
}
const now = Math.floor(Date.now() / 1000);
const claims = { sub, role: 'admin', sid, iss: ISSUER, aud: AUDIENCE, iat: now, exp: now + 60 };

describe('a route', () => {
  it('without marks is for signed-in people', async () => {
    expect(await statusOf('/plain')).toBe(401);
    expect((await get('/plain', good)).json()).toEqual({ id: sub, role: 'admin', sessionId: sid });
  });

  it('that is public is for everybody, whatever they send', async () => {
    for (const token of [undefined, good, 'junk'])
      expect((await get('/public', token)).json()).toEqual({ id: null, role: 'guest' });
    expect(await statusOf('/admin/public')).toBe(200);
  });

  it('that takes guests refuses a token that is no good', async () => {
    expect((await get('/optional')).json()).toMatchObject({ role: 'guest' });
    expect((await get('/optional', good)).json()).toMatchObject({ id: sub });
    expect(await statusOf('/optional', 'junk')).toBe(401);
  });

  it('that is read by everybody ignores a token that is no good, and one whose session has ended', async () => {
    expect((await get('/read', good)).json()).toMatchObject({ id: sub });
    for (const token of [undefined, '', 'junk', forge({ ...claims, exp: now - 1 })])
      expect((await get('/read', token)).json()).toEqual({ id: null, role: 'guest' });
    app.get(SessionCheck).forgetSession(sid);
    auth.session = null;
    expect((await get('/read', good)).json()).toEqual({ id: null, role: 'guest' });
  });

  it('for admins is closed to an admin from the moment they are demoted', async () => {
    expect(await statusOf('/admin', good)).toBe(200);
    auth.session = { userId: sub, role: 'user' };
    expect(await statusOf('/admin', good)).toBe(403);
  });

  it('where money moves is closed from the moment the session ends', async () => {
    expect(await statusOf('/money', good)).toBe(200);
    auth.session = null;
    expect(await statusOf('/money', good)).toBe(401);
  });

  it('is 503 while auth is away', async () => {
    auth.isAway = true;
    expect(await statusOf('/money', good)).toBe(503);
  });
});

describe('an access token', () => {
  it('is good when all is right', async () => {
    expect(await statusOf('/plain', forge(claims))).toBe(200);
  });

  it.each<[string, string]>([
    [
      'no algorithm',
      `${forge(claims, { header: { alg: 'none' } })
        .split('.')
        .slice(0, 2)
        .join('.')}.`,
    ],
    ['another algorithm', forge(claims, { header: { alg: 'HS512' }, hash: 'sha512' })],
    ['an algorithm it does not use', forge(claims, { header: { alg: 'RS256' } })],
    ['another key', forge(claims, { key: 'another-secret' })],
    ['a strange key id and another key', forge(claims, { header: { kid: '../../dev/null' }, key: '' })],
    ['another issuer', forge({ ...claims, iss: 'somebody' })],
    ['another audience', forge({ ...claims, aud: 'somebody' })],
    ['a time that is over', forge({ ...claims, exp: now - 1 })],
    ['a time to come', forge({ ...claims, nbf: now + 60 })],
    ['no end', forge({ ...claims, exp: undefined })],
    ['no session', forge({ ...claims, sid: undefined })],
    ['a session that is no id', forge({ ...claims, sid: "1' OR '1'='1" })],
    ['a role that does not exist', forge({ ...claims, role: 'root' })],
    ['nothing in it', ''],
    ['the form of a refresh token', Buffer.alloc(32, 7).toString('base64url')],
  ])('is refused with %s, without asking anybody', async (_, token) => {
    expect(await statusOf('/plain', token)).toBe(401);
    expect(() => app.get(AccessTokens).verify(token)).toThrow('UNAUTHENTICATED');
    expect(auth.asked).toEqual([]);
  });

  it.each([
    ['bearer', 200, (token: string) => `bearer  ${token}`],
    ['a word after it', 401, (token: string) => `Bearer ${token} more`],
    ['another one after it', 401, (token: string) => `Bearer ${token}, Bearer ${token}`],
    ['another scheme', 401, (token: string) => `Basic ${token}`],
  ])('with %s in its header is %i', async (_, status, write) => {
    const authorization = write(good);
    expect((await app.inject({ url: '/plain', headers: { authorization } })).statusCode).toBe(status);
  });

  it('is not taken from the URL', async () => {
    expect(await statusOf(`/plain?access_token=${good}&token=${good}`)).toBe(401);
  });

  it('is what JwtService of anybody else cannot make', () => {
    const other = new JwtService({ secret: 'another-secret' }).sign({ ...claims });
    expect(() => app.get(AccessTokens).verify(other)).toThrow('UNAUTHENTICATED');
  });
});

describe('logging in', () => {
  const post = (payload: object, url = '/login') => app.inject({ method: 'POST', url, payload });
  const user = {
    id: sub,
    email: 'ada@example.com',
    role: 'user',
    name: null,
    phone: null,
    createdAt: '2026-01-01T00:00:00.000Z',
  };

  it('passes on what auth answers', async () => {
    auth.login = { response: { token: 't', refreshToken: 'r', expiresIn: 600, user } };
    const answer = await post({ email: ' Ada@Example.com ', password: 'Secret123' });
    expect(answer.json()).toEqual({ token: 't', refreshToken: 'r', expiresIn: 600, user });
    expect(auth.asked).toMatchObject([
      {
        name: 'auth.login',
        data: { email: 'ada@example.com', password: 'Secret123' },
        ctx: { actor: { role: 'guest' } },
      },
    ]);
  });

  it('passes on why auth refuses', async () => {
    auth.login = { err: { code: 'INVALID_CREDENTIALS', detail: 'wrong', facts: {} } };
    expect((await post({ email: 'ada@example.com', password: 'x' })).statusCode).toBe(401);
  });

  it.each<[string, object, string]>([
    ['no e-mail', { password: 'x' }, 'email'],
    ['no password', { email: 'ada@example.com' }, 'password'],
    ['an empty password', { email: 'ada@example.com', password: '' }, 'password'],
    ['a list as e-mail', { email: ['ada@example.com'], password: 'x' }, 'email'],
    ['a query as e-mail', { email: { $ne: null }, password: 'x' }, 'email'],
    ['a query as password', { email: 'ada@example.com', password: { $ne: null } }, 'password'],
    ['a field that is not known', { email: 'ada@example.com', password: 'x', role: 'admin' }, 'role'],
  ])('refuses %s and names it', async (_, payload, path) => {
    const answer = await post(payload);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ errors: [{ path }] });
    expect(auth.asked).toEqual([]);
  });

  it('takes no credentials from the URL', async () => {
    expect((await post({}, '/login?email=ada@example.com&password=Secret123')).statusCode).toBe(400);
  });
});
