import { logger } from '@order-system/observability/logger';
import type { Redis } from 'ioredis';
import { Outage } from './outage.js';

/** Keeps text for a while. It may forget at any time, and never fails its caller. */
export abstract class Cache {
  abstract get(key: string): Promise<string | undefined>;
  abstract set(key: string, value: string, ttlMs: number): Promise<void>;
  abstract delete(key: string): Promise<void>;
}

/** Of one process; the entries used least recently go first. */
export class MemoryCache extends Cache {
  private readonly entries = new Map<string, { value: string; expiresAt: number }>();

  constructor(private readonly size = 10_000) {
    super();
  }

  async get(key: string): Promise<string | undefined> {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    this.entries.delete(key);
    if (entry.expiresAt <= performance.now()) return undefined;
    this.entries.set(key, entry);
    return entry.value;
  }

  async set(key: string, value: string, ttlMs: number): Promise<void> {
    this.entries.delete(key);
    this.entries.set(key, { value, expiresAt: performance.now() + ttlMs });
    if (this.entries.size <= this.size) return;
    for (const oldest of this.entries.keys()) {
      this.entries.delete(oldest);
      break;
    }
  }

  async delete(key: string): Promise<void> {
    this.entries.delete(key);
  }
}

/** Shared by all processes. */
export class RedisCache extends Cache {
  private readonly outage = new Outage(logger('cache'));

  constructor(
    private readonly redis: Redis,
    private readonly prefix: string,
  ) {
    super();
  }

  async get(key: string): Promise<string | undefined> {
    return (await this.outage.guard(() => this.redis.get(this.prefix + key))) ?? undefined;
  }

  async set(key: string, value: string, ttlMs: number): Promise<void> {
    await this.outage.guard(() => this.redis.set(this.prefix + key, value, 'PX', Math.ceil(ttlMs)));
  }

  async delete(key: string): Promise<void> {
    await this.outage.guard(() => this.redis.del(this.prefix + key));
  }
}
