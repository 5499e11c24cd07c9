import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ThrottlerModule } from '@nestjs/throttler';
import type { Redis } from 'ioredis';
import { AuthModule } from '../../../modules/auth/index.js';
import { InjectRedis, RedisModule } from '../../../redis/redis.module.js';
import { createThrottleStorage } from './throttle-storage.js';
import { ThrottleGuard } from './throttle.guard.js';

/** The throttle of every route. Import it before the modules whose guards it is to run before. */
@Module({
  imports: [
    RedisModule,
    AuthModule,
    ThrottlerModule.forRootAsync({
      inject: [InjectRedis.TOKEN],
      // The guard chooses limits and windows itself.
      useFactory: (redis: Redis | null) => ({ throttlers: [{ limit: 1, ttl: 1 }], storage: createThrottleStorage(redis) }),
    }),
  ],
  providers: [{ provide: APP_GUARD, useClass: ThrottleGuard }],
})
export class ThrottlingModule {}
