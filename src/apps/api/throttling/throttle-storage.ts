import { ThrottlerStorageRedisService } from '@nest-lab/throttler-storage-redis';
import { type ThrottlerStorage, ThrottlerStorageService } from '@nestjs/throttler';
import type { Redis } from 'ioredis';
import { OptionalPart } from '../../../common/optional-part.js';

/** Counters in Redis, for all processes; while Redis is away each process counts for itself, so that a limit is never lifted. */
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

/** Where requests are counted, chosen here and nowhere else: Redis where there is one, else the memory of this process. */
export const createThrottleStorage = (redis: Redis | null): ThrottlerStorage =>
  redis === null ? new ThrottlerStorageService() : new RedisThrottleStorage(redis);
