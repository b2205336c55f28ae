import type { ThrottlerStorage } from '@nestjs/throttler';
import { logger } from '@order-system/observability/logger';
import type { Redis } from 'ioredis';
import { Outage } from './outage.js';
import { Windows } from './windows.js';

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
  private readonly windows: Windows<{ hits: number; endsAt: number }>;

  constructor(size?: number) {
    super();
    this.windows = new Windows(size);
  }

  async increment(key: string, ttl: number, limit: number): Promise<Count> {
    const now = performance.now();
    const window = this.windows.get(key) ?? { hits: 0, endsAt: now + ttl };
    if (window.hits === 0) this.windows.set(key, window);
    window.hits += 1;
    return countOf(window.hits, window.endsAt - now, limit);
  }
}

/** One step on the server: a counter without an end would lock its owner out for ever. */
const COUNT = `
local hits = redis.call('INCRBY', KEYS[1], ARGV[2])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  left = tonumber(ARGV[1])
end
return {hits, left}`;

type Counting = Redis & {
  countHits(key: string, ttl: number, hits: number): Promise<[last: number, leftMs: number]>;
};

/** The hits from `next` to `last` are counted in Redis already and this process's own to give. */
interface Share {
  next: number;
  readonly last: number;
  readonly endsAt: number;
}

interface Hit {
  readonly number: number;
  readonly leftMs: number;
}
type Taker = (hit: Hit | undefined) => void;

const hasLeft = (share: Share): boolean => share.next <= share.last;
const take = (share: Share): Hit => ({ number: share.next++, leftMs: share.endsAt - performance.now() });

/**
 * How many hits are counted ahead: a process that leaves its share unused takes it from the others, so it is a
 * hundredth of the limit at most.
 */
const aheadOf = (limit: number): number => Math.min(16, Math.floor(limit / 100));

/** Counts shared by all processes. While Redis is away each process counts for itself: nobody is refused for that. */
export class RedisRateLimits extends RateLimits {
  private readonly outage = new Outage(logger('rate limits'));
  private readonly twin = new MemoryRateLimits();
  private readonly shares = new Windows<Share>();
  /** Who waits for Redis, by key: it is asked once at a time for each. */
  private readonly waiting = new Map<string, Taker[]>();
  private readonly redis: Counting;

  constructor(
    redis: Redis,
    private readonly prefix: string,
  ) {
    super();
    redis.defineCommand('countHits', { numberOfKeys: 1, lua: COUNT });
    this.redis = redis as Counting;
  }

  async increment(key: string, ttl: number, limit: number): Promise<Count> {
    const share = this.shares.get(key);
    const hit = share && hasLeft(share) ? take(share) : await this.wait(key, ttl, limit);
    return hit === undefined ? this.twin.increment(key, ttl, limit) : countOf(hit.number, hit.leftMs, limit);
  }

  private wait(key: string, ttl: number, limit: number): Promise<Hit | undefined> {
    return new Promise((resolve) => {
      const waiting = this.waiting.get(key);
      if (waiting !== undefined) return void waiting.push(resolve);
      this.waiting.set(key, [resolve]);
      void this.serve(key, ttl, limit);
    });
  }

  private async serve(key: string, ttl: number, limit: number): Promise<void> {
    const waiting = this.waiting.get(key) ?? [];
    while (waiting.length > 0) {
      const share = await this.ask(key, ttl, Math.max(waiting.length, aheadOf(limit)));
      if (share === undefined) waiting.splice(0).forEach((give) => give(undefined));
      else while (waiting.length > 0 && hasLeft(share)) waiting.shift()?.(take(share));
    }
    this.waiting.delete(key);
  }

  private async ask(key: string, ttl: number, hits: number): Promise<Share | undefined> {
    const answer = await this.outage.guard(() => this.redis.countHits(this.prefix + key, ttl, hits));
    if (answer === undefined) return undefined;
    const [last, leftMs] = answer;
    const share = { next: last - hits + 1, last, endsAt: performance.now() + leftMs };
    this.shares.set(key, share);
    return share;
  }
}
