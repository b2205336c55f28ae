import type { ThrottlerStorage } from '@nestjs/throttler';
import { logger } from '@order-system/observability/logger';
import type { Redis } from 'ioredis';
import { Outage } from './outage.js';

type Count = Awaited<ReturnType<ThrottlerStorage['increment']>>;

/**
 * Counts requests per key in windows that start with the first one. The interface is that of @nestjs/throttler, of
 * which only types are imported: it is CommonJS that requires the ES modules of Nest, which Jest cannot load.
 */
export abstract class RateLimits implements ThrottlerStorage {
  /** `ttl` in milliseconds; the answer's times in seconds. */
  abstract increment(key: string, ttl: number, limit: number): Promise<Count>;
}

function countOf(hits: number, leftMs: number, limit: number): Count {
  const seconds = Math.max(1, Math.ceil(leftMs / 1000));
  const isBlocked = hits > limit;
  return { totalHits: hits, timeToExpire: seconds, isBlocked, timeToBlockExpire: isBlocked ? seconds : 0 };
}

/** Counts of one process. */
export class MemoryRateLimits extends RateLimits {
  private readonly windows = new Map<string, { hits: number; endsAt: number }>();

  constructor(private readonly size = 100_000) {
    super();
  }

  async increment(key: string, ttl: number, limit: number): Promise<Count> {
    const now = Date.now();
    const window = this.windows.get(key);
    if (window !== undefined && window.endsAt > now) {
      window.hits += 1;
      return countOf(window.hits, window.endsAt - now, limit);
    }
    this.windows.delete(key);
    if (this.windows.size >= this.size) this.makeRoom(now);
    this.windows.set(key, { hits: 1, endsAt: now + ttl });
    return countOf(1, ttl, limit);
  }

  /** Drops what has ended, or else the oldest tenth: a flood of addresses must not fill the memory. */
  private makeRoom(now: number): void {
    for (const [key, window] of this.windows) if (window.endsAt <= now) this.windows.delete(key);
    if (this.windows.size < this.size) return;
    let surplus = Math.ceil(this.size / 10);
    for (const key of this.windows.keys()) {
      if (surplus-- <= 0) break;
      this.windows.delete(key);
    }
  }
}

/** One step on the server: a counter without an end would lock its owner out for ever. */
const COUNT = `
local hits = redis.call('INCR', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  left = tonumber(ARGV[1])
end
return {hits, left}`;

type Counting = Redis & { countHit(key: string, ttl: number): Promise<[hits: number, leftMs: number]> };

/** Counts shared by all processes. While Redis is away each process counts for itself: nobody is refused for that. */
export class RedisRateLimits extends RateLimits {
  private readonly outage = new Outage(logger('rate limits'));
  private readonly twin = new MemoryRateLimits();
  private readonly redis: Counting;

  constructor(
    redis: Redis,
    private readonly prefix: string,
  ) {
    super();
    redis.defineCommand('countHit', { numberOfKeys: 1, lua: COUNT });
    this.redis = redis as Counting;
  }

  async increment(key: string, ttl: number, limit: number): Promise<Count> {
    const count = await this.outage.guard(() => this.redis.countHit(this.prefix + key, ttl));
    return count === undefined ? this.twin.increment(key, ttl, limit) : countOf(count[0], count[1], limit);
  }
}
