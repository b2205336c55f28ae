import { Controller, Inject, Post, Req, Res, UseGuards } from '@nestjs/common';
import { LoggedIn } from '@order-system/auth/decorators';
import { LocalGuard } from '@order-system/auth/local.strategy';
import { SessionCheck } from '@order-system/auth/session-check';
import { TOKEN_CONFIG, type TokenConfig } from '@order-system/auth/tokens.config';
import { isProduction } from '@order-system/config/config';
import { LogIn, LogOut, RefreshSession, RegisterUser } from '@order-system/contracts/auth.contracts';
import { TakeGuestBasket } from '@order-system/contracts/basket.contracts';
import type { CallInput, WireOutput } from '@order-system/contracts/define';
import { DomainError } from '@order-system/contracts/errors';
import { deadlineIn, type MessageContext, systemContext } from '@order-system/messaging/context';
import { RpcClient } from '@order-system/messaging/rpc-client';
import { logger } from '@order-system/observability/logger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GATEWAY_CONFIG, type GatewayConfig } from '../gateway.config.js';
import { allowedOrigins } from '../http/cors.js';
import { Checked, type CheckedCall, Forwarder } from '../http/forward.js';
import { Input, parse, readBody } from '../http/input.js';
import { clearRefreshCookie, refreshTokenFrom, setRefreshCookie } from '../http/refresh-cookie.js';
import { Context } from '../http/request-context.js';
import { Operation } from '../openapi/operation.js';

type Session = WireOutput<typeof LogIn>;

const log = logger('gateway');
/** By then a login is answered, also without the guest's basket. */
const BASKET_MS = 1500;

/** Bare answers, without the envelope. */
@Controller()
export class AuthController {
  private readonly origins: (string | RegExp)[];

  constructor(
    private readonly rpc: RpcClient,
    private readonly forwarder: Forwarder,
    private readonly sessions: SessionCheck,
    @Inject(TOKEN_CONFIG) private readonly tokens: TokenConfig,
    @Inject(GATEWAY_CONFIG) config: GatewayConfig,
  ) {
    this.origins = allowedOrigins(config, isProduction());
  }

  @Post(['auth/register', 'users/register'])
  @Operation({
    summary: 'Open an account',
    description: 'All who are not signed in share their Idempotency-Keys here: let yours be a UUID.',
    who: 'all',
    keyed: true,
    call: RegisterUser,
    answer: 'bare',
    status: 201,
    fails: ['EMAIL_TAKEN', 'ROLE_NOT_ALLOWED'],
    limit: 'auth',
    example: { email: 'ada@example.com', password: 'Secret123', name: 'Ada Lovelace' },
  })
  register(@Checked() call: CheckedCall) {
    return this.forwarder.forward(call);
  }

  @Post(['auth/login', 'users/login'])
  @UseGuards(LocalGuard)
  @Operation({
    summary: 'Sign in',
    description:
      'Also sets the refresh token as an HttpOnly cookie. After 5 failures an account has to wait. ' +
      "What is in the guest's basket `basketId` goes into the customer's own.",
    who: 'all',
    call: LogIn,
    answer: 'bare',
    fails: ['INVALID_CREDENTIALS'],
    limit: 'auth',
    example: { email: 'ada@example.com', password: 'Secret123' },
  })
  async logIn(
    @LoggedIn() session: Session,
    @Input(LogIn) { basketId }: CallInput<typeof LogIn>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Session> {
    if (basketId !== undefined) await this.takeBasket(basketId, session, request.id);
    setRefreshCookie(request, reply, session.refreshToken, this.tokens.REFRESH_TOKEN_TTL);
    return session;
  }

  @Post('auth/refresh')
  @Operation({
    summary: 'Trade the refresh token for a new pair',
    description:
      'The token comes in the body or in the cookie. Using an old one again ends the whole session; ' +
      'two requests that race with the same one do not.',
    who: 'all',
    call: RefreshSession,
    body: RefreshSession.input.partial(),
    answer: 'bare',
    fails: ['UNAUTHENTICATED', 'FORBIDDEN', 'REFRESH_RACED'],
    limit: 'auth',
    example: { refreshToken: 'pT0xJ2bW...' },
  })
  async refresh(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Context() ctx: MessageContext,
  ): Promise<Session> {
    const body = readBody(request);
    const refreshToken = body['refreshToken'] ?? refreshTokenFrom(request, this.origins);
    if (refreshToken === undefined) throw new DomainError('UNAUTHENTICATED', 'There is no refresh token.');
    const session = await this.rpc.forward(
      RefreshSession,
      parse(RefreshSession.input, { ...body, refreshToken }),
      ctx,
    );
    setRefreshCookie(request, reply, session.refreshToken, this.tokens.REFRESH_TOKEN_TTL);
    return session;
  }

  @Post('auth/logout')
  @Operation({
    summary: 'End the session',
    who: 'user',
    call: LogOut,
    keyed: false,
    answer: 'none',
    status: 204,
    limit: 'auth',
  })
  async logOut(
    @Input(LogOut) input: CallInput<typeof LogOut>,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Context() ctx: MessageContext,
  ): Promise<void> {
    await this.rpc.forward(LogOut, input, ctx);
    if (ctx.actor.sessionId !== undefined) this.sessions.forgetSession(ctx.actor.sessionId);
    clearRefreshCookie(reply);
  }

  /** So that they see it at once. Where this fails the event of the login does it, a moment later. */
  private async takeBasket(basketId: string, { user }: Session, correlationId: string): Promise<void> {
    const actor = { id: user.id, role: user.role };
    const ctx = { ...systemContext(correlationId), actor, deadline: deadlineIn(BASKET_MS) };
    try {
      await this.rpc.call(TakeGuestBasket, { basketId }, ctx);
    } catch (err) {
      log.warn({ err, correlationId }, "a guest's basket is not yet the customer's");
    }
  }
}
