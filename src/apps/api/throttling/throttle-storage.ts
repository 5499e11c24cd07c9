import { ThrottlerStorageRedisService } from '@nest-lab/throttler-storage-redis';
import { type ThrottlerStorage, ThrottlerStorageService } from '@nestjs/throttler';
import type { Redis } from 'ioredis';
import { OptionalPart } from '../../../common/optional-part.js';

interface CountingRedis extends Redis {
  countHit(
    hitsKey: string,
    blockKey: string,
    throttler: string,
    windowMs: number,
    limit: number,
    blockMs: number,
  ): Promise<[hits: number, expiresInMs: number, isBlocked: 0 | 1, blockEndsInMs: number]>;
}

/** Counts in Redis for all processes. While Redis is away each process counts for itself, so limits always hold. */
class RedisThrottleStorage implements ThrottlerStorage {
  private readonly redis: CountingRedis;
  private readonly own = new ThrottlerStorageService();
  private readonly part = new OptionalPart({ deadlineMs: 250, pauseMs: 1_000 });

  constructor(redis: Redis) {
    // The package would send the text of its script with each hit; a command of ioredis sends its hash.
    redis.defineCommand('countHit', { lua: new ThrottlerStorageRedisService(redis).scriptSrc, numberOfKeys: 2 });
    this.redis = redis as CountingRedis;
  }

  async increment(...hit: Parameters<ThrottlerStorage['increment']>): ReturnType<ThrottlerStorage['increment']> {
    const counted = await this.part.attempt(() => this.count(...hit));
    return counted ? counted.value : this.own.increment(...hit);
  }

  onApplicationShutdown(): void {
    this.own.onApplicationShutdown();
  }

  /** Under the package's keys, which processes of the release before count under. */
  private async count(...[key, windowMs, limit, blockMs, throttler]: Parameters<ThrottlerStorage['increment']>) {
    const name = `{${key}:${throttler}}`;
    const [totalHits, expiresInMs, isBlocked, blockEndsInMs] = await this.redis.countHit(
      `${name}:hits`,
      `${name}:blocked`,
      throttler,
      windowMs,
      limit,
      blockMs,
    );
    return {
      totalHits,
      timeToExpire: Math.ceil(expiresInMs / 1_000),
      isBlocked: isBlocked === 1,
      timeToBlockExpire: Math.ceil(blockEndsInMs / 1_000),
    };
  }
}

/** Chooses where requests are counted: in Redis where there is one, else in the memory of this process. */
export const createThrottleStorage = (redis: Redis | null): ThrottlerStorage =>
  redis === null ? new ThrottlerStorageService() : new RedisThrottleStorage(redis);
