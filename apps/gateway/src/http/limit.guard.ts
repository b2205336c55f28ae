import { isIPv6, SocketAddress } from 'node:net';
import { type CanActivate, type ExecutionContext, Inject, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AccessGuard } from '@order-system/auth/access.guard';
import { DomainError } from '@order-system/contracts/errors';
import { RateLimits } from '@order-system/redis/rate-limits';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GATEWAY_CONFIG, type GatewayConfig } from '../gateway.config.js';

const BUCKET = 'order-system:bucket';
type Bucket = 'auth' | 'none';

/** Counted by address under AUTH_THROTTLE_LIMIT: where secrets could be guessed. */
export const StrictlyLimited = () => SetMetadata(BUCKET, 'auth' satisfies Bucket);
/** Not counted: providers deliver from few addresses, and a bad signature is cheap to refuse. */
export const Unlimited = () => SetMetadata(BUCKET, 'none' satisfies Bucket);

/** Lets in who may enter, and only so often. Who is refused is counted too; a token that is no good, by its address. */
@Injectable()
export class LimitGuard implements CanActivate {
  constructor(
    private readonly access: AccessGuard,
    private readonly limits: RateLimits,
    private readonly reflector: Reflector,
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType<string>() !== 'http') return this.access.canActivate(context);
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const refusal = await this.refusalOf(context);
    await this.countIn(this.reflector.get<Bucket | undefined>(BUCKET, context.getHandler()), request, reply);
    if (refusal) throw refusal;
    return true;
  }

  /** Why they may not enter, once that is known; that nobody could tell is thrown and counts for nothing. */
  private async refusalOf(context: ExecutionContext): Promise<DomainError | undefined> {
    try {
      await this.access.canActivate(context);
      return undefined;
    } catch (error) {
      if (error instanceof DomainError && error.status < 500) return error;
      throw error;
    }
  }

  private async countIn(
    bucket: Bucket | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    if (bucket === 'auth')
      await this.count(`auth:${network(request.ip)}`, this.config.AUTH_THROTTLE_LIMIT, reply);
    else if (bucket === undefined) await this.count(keyOf(request), this.config.THROTTLE_LIMIT, reply);
  }

  private async count(key: string, limit: number, reply: FastifyReply): Promise<void> {
    const count = await this.limits.increment(key, this.config.THROTTLE_TTL, limit);
    void reply.header('x-ratelimit-limit', limit);
    void reply.header('x-ratelimit-remaining', Math.max(0, limit - count.totalHits));
    void reply.header('x-ratelimit-reset', count.timeToExpire);
    if (count.isBlocked)
      throw new DomainError('RATE_LIMITED', `Try again in ${count.timeToBlockExpire} s.`, {
        retryAfter: count.timeToBlockExpire,
      });
  }
}

const keyOf = ({ actor, ip }: FastifyRequest): string =>
  actor?.id ? keyOfUser(actor.id) : `ip:${network(ip)}`;

/** Under which what a user asks for is counted. */
export const keyOfUser = (id: string): string => `user:${id}`;

/** Some proxies add the port, and IPv6 in brackets. */
const FORWARDED = /^(?:\[([^\]]+)\]|(\d+(?:\.\d+){3}))(?::\d+)?$/;

/** One household or server owns a whole /64 of IPv6 addresses. */
export function network(forwarded: string): string {
  const [, v6, v4] = FORWARDED.exec(forwarded) ?? [];
  const given = v6 ?? v4 ?? forwarded;
  if (!isIPv6(given)) return given;
  // The one way to write an address that has many.
  const ip = new SocketAddress({ address: given, family: 'ipv6' }).address;
  if (ip.startsWith('::ffff:')) return ip.slice('::ffff:'.length);
  const [head = '', tail] = ip.split('::');
  const groups = head.split(':').filter(Boolean);
  if (tail !== undefined) {
    const rest = tail.split(':').filter(Boolean);
    groups.push(...Array.from({ length: 8 - groups.length - rest.length }, () => '0'), ...rest);
  }
  return `${groups.slice(0, 4).join(':')}::/64`;
}
