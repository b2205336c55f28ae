import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { DomainError, hasCode } from '@order-system/contracts/errors';
import { type Actor, GUEST } from '@order-system/contracts/primitives';
import type { AuthRequest } from './auth-request.js';
import { ACCESS, type Access, FRESH_SESSION } from './decorators.js';
import { JwtStrategy, bearerOf } from './jwt.strategy.js';
import { runStrategy } from './run-strategy.js';
import { SessionCheck } from './session-check.js';
import { type Claims, unauthenticated } from './tokens.js';
import { VerifiedTokens } from './verified-tokens.js';

/** Lets nobody in whom the route's marks do not let in; a route without marks is for signed-in people. */
@Injectable()
export class AccessGuard implements CanActivate {
  private readonly verified = new VerifiedTokens();

  constructor(
    private readonly reflector: Reflector,
    private readonly jwt: JwtStrategy,
    private readonly sessions: SessionCheck,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    // Sockets are let in by their handshake, which runs before any guard and leaves the actor on the socket.
    if (context.getType<string>() === 'ws') return hasActor(context.switchToWs().getClient<unknown>());
    if (context.getType<string>() !== 'http') return false;
    const marks = [context.getHandler(), context.getClass()];
    const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, marks);
    const request = context.switchToHttp().getRequest<AuthRequest>();
    if (access?.who === 'everybody' || (takesGuests(access) && !request.headers.authorization)) {
      request.actor = GUEST;
      return true;
    }
    if (access?.who === 'reader') {
      request.actor = await this.readerOf(request);
      return true;
    }
    const fresh = access?.who === 'role' || this.reflector.getAllAndOverride<boolean>(FRESH_SESSION, marks);
    const actor = await this.actorOf(request, fresh ?? false);
    // Also of who is refused here: their limit counts it.
    request.actor = actor;
    if (access?.who === 'role' && !access.roles.some((role) => role === actor.role))
      throw new DomainError('FORBIDDEN', 'Your role does not allow this.');
    return true;
  }

  private async readerOf(request: AuthRequest): Promise<Actor> {
    try {
      return await this.actorOf(request, false);
    } catch (error) {
      if (hasCode(error, 'UNAUTHENTICATED')) return GUEST;
      throw error;
    }
  }

  private async actorOf({ headers }: AuthRequest, fresh: boolean): Promise<Actor> {
    const { authorization } = headers;
    if (authorization === undefined) throw unauthenticated('Sign in first.');
    return this.sessions.actorOf(await this.verify(authorization), { fresh });
  }

  private async verify(authorization: string): Promise<Claims> {
    // By the token, not by the header: in that there is room for anything, and each would be remembered.
    const token = bearerOf(authorization) ?? '';
    const known = this.verified.get(token);
    if (known) return known;
    const claims = await runStrategy<Claims>(this.jwt, { headers: { authorization } });
    if (!claims) throw unauthenticated('The access token is not valid or has expired.');
    this.verified.add(token, claims);
    return claims;
  }
}

const takesGuests = (access: Access | undefined): boolean =>
  access?.who === 'guest-or-user' || access?.who === 'reader';

const hasActor = (socket: unknown): boolean =>
  (socket as { data?: { actor?: Actor } } | undefined)?.data?.actor !== undefined;
