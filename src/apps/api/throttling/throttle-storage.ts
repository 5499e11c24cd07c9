import { ThrottlerStorageRedisService } from '@nest-lab/throttler-storage-redis';
import { type ThrottlerStorage, ThrottlerStorageService } from '@nestjs/throttler';
import type { Redis } from 'ioredis';
import { OptionalPart } from '../../../common/optional-part.js';

/** Counts in Redis for all processes. While Redis is away each process counts for itself, so limits always hold. */
class RedisThrottleStorage implements ThrottlerStorage {
  private readonly shared: ThrottlerStorageRedisService;
  private readonly own = new ThrottlerStorageService();
  private readonly part = new OptionalPart({ deadlineMs: 250, pauseMs: 1_000 });

  constructor(redis: Redis) {
    this.shared = new ThrottlerStorageRedisService(redis);
  }

  async increment(...hit: Parameters<ThrottlerStorage['increment']>): ReturnType<ThrottlerStorage['increment']> {
    const counted = await this.part.attempt(() => this.shared.increment(...hit));
    return counted ? counted.value : this.own.increment(...hit);
  }

  onApplicationShutdown(): void {
    this.own.onApplicationShutdown();
  }
}

/** Chooses where requests are counted: in Redis where there is one, else in the memory of this process. */
export const createThrottleStorage = (redis: Redis | null): ThrottlerStorage =>
  redis === null ? new ThrottlerStorageService() : new RedisThrottleStorage(redis);
