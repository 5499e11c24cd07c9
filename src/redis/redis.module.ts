import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { InjectConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { connectRedis } from './redis-connection.js';

const REDIS = Symbol('REDIS');

/** Injects the connection of the process for commands; null when REDIS_URL is unset. */
export const InjectRedis = () => Inject(REDIS);
InjectRedis.TOKEN = REDIS;

@Global()
@Module({
  providers: [
    {
      provide: REDIS,
      inject: [InjectConfig.TOKEN],
      useFactory: ({ REDIS_URL }: Config) => (REDIS_URL === undefined ? null : connectRedis(REDIS_URL, 'gemini-chat')),
    },
  ],
  exports: [REDIS],
})
export class RedisModule implements OnApplicationShutdown {
  constructor(@InjectRedis() private readonly redis: Redis | null) {}

  onApplicationShutdown(): void {
    this.redis?.disconnect();
  }
}
