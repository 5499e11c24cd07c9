import { CacheModule as NestCacheModule } from '@nestjs/cache-manager';
import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { MetricsModule } from '../common/metrics/metrics.module.js';
import { InjectConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { BodyCache } from './body-cache.js';
import { CACHE_STORE, type CacheStore, openCacheStore } from './cache-store.js';

@Module({
  providers: [{ provide: CACHE_STORE, inject: [InjectConfig.TOKEN], useFactory: ({ REDIS_URL }: Config) => openCacheStore(REDIS_URL) }],
  exports: [CACHE_STORE],
})
class CacheStoreModule implements OnApplicationShutdown {
  constructor(@Inject(CACHE_STORE) private readonly store: CacheStore) {}

  async onApplicationShutdown(): Promise<void> {
    await this.store.close();
  }
}

/** The cache of response bodies. */
@Global()
@Module({
  imports: [
    MetricsModule,
    CacheStoreModule,
    NestCacheModule.registerAsync({
      imports: [CacheStoreModule],
      inject: [CACHE_STORE],
      useFactory: ({ keyv }: CacheStore) => ({ stores: [keyv] }),
    }),
  ],
  providers: [BodyCache],
  exports: [BodyCache],
})
export class CacheModule {}
