import { Global, Inject, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { redisBlock, redisUrl, type Topology } from '@order-system/config/blocks';
import { readConfig } from '@order-system/config/config';
import type { Redis } from 'ioredis';
import { Cache, MemoryCache, RedisCache } from './cache.js';
import { createRedis, whenConnected } from './redis-client.js';
import { MemoryRateLimits, RateLimits, RedisRateLimits } from './rate-limits.js';

/** The client, or null in one process, where memory does. */
export const REDIS = Symbol('redis');

interface Options {
  topology: Topology;
  /** Whose connection it is. */
  name: string;
  /** Keeps deployments that share a Redis apart. */
  namespace: string;
}

const BOOT_WAIT_MS = 2000;

/** Cache and rate limits, in Redis or in memory as the topology has it. */
@Global()
@Module({})
export class RedisModule implements OnApplicationShutdown {
  constructor(@Inject(REDIS) private readonly redis: Redis | null) {}

  static for({ topology, name, namespace }: Options): DynamicModule {
    return {
      module: RedisModule,
      providers: [
        { provide: REDIS, useFactory: () => (topology === 'embedded' ? null : connect(name)) },
        {
          provide: Cache,
          inject: [REDIS],
          useFactory: (redis: Redis | null) =>
            redis === null ? new MemoryCache() : new RedisCache(redis, `${namespace}:cache:`),
        },
        {
          provide: RateLimits,
          inject: [REDIS],
          useFactory: (redis: Redis | null) =>
            redis === null ? new MemoryRateLimits() : new RedisRateLimits(redis, `${namespace}:limit:`),
        },
      ],
      exports: [REDIS, Cache, RateLimits],
    };
  }

  onApplicationShutdown(): void {
    this.redis?.disconnect();
  }
}

/** Starts also when Redis is away: nothing in it is needed to serve. */
async function connect(name: string): Promise<Redis> {
  const client = createRedis(redisUrl(readConfig(redisBlock)), name);
  await whenConnected(client, BOOT_WAIT_MS);
  return client;
}
