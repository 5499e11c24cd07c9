import { Module } from '@nestjs/common';
import { ThrottlerModule } from '@nestjs/throttler';
import type { Redis } from 'ioredis';
import { AuthModule } from '../../../modules/auth/index.js';
import { InjectRedis, RedisModule } from '../../../redis/redis.module.js';
import { createThrottleStorage } from './throttle-storage.js';
import { ThrottleGuard } from './throttle.guard.js';

/** The throttle of every route; ApiModule registers its guard. */
@Module({
  imports: [
    RedisModule,
    AuthModule,
    ThrottlerModule.forRootAsync({
      inject: [InjectRedis.TOKEN],
      // The guard chooses limits and windows.
      useFactory: (redis: Redis | null) => ({ throttlers: [{ limit: 1, ttl: 1 }], storage: createThrottleStorage(redis) }),
    }),
  ],
  providers: [ThrottleGuard],
  exports: [ThrottleGuard],
})
export class ThrottlingModule {}
