import { Global, Module } from '@nestjs/common';
import { MetricsModule } from '../common/metrics/metrics.module.js';
import { Metrics } from '../common/metrics/metrics.js';
import { TypeOrmModule } from '@nestjs/typeorm';
import { InjectConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { CounterEntity } from './counter.entity.js';
import { Counters } from './counters.js';
import { connectionOptions } from './data-source-options.js';
import { Database } from './database.js';
import { IdempotencyKeys } from './idempotency-keys.js';

@Global()
@Module({
  imports: [
    MetricsModule,
    TypeOrmModule.forRootAsync({
      inject: [InjectConfig.TOKEN],
      useFactory: ({ DATABASE_URL, DATABASE_POOL_SIZE }: Config) => {
        if (DATABASE_URL === undefined) throw new Error('DATABASE_URL is demanded by every entry point');
        return {
          ...connectionOptions({ url: DATABASE_URL, poolSize: DATABASE_POOL_SIZE, applicationName: 'gemini-chat' }),
          autoLoadEntities: true,
          retryAttempts: 0,
        };
      },
    }),
    TypeOrmModule.forFeature([CounterEntity]),
  ],
  providers: [Database, IdempotencyKeys, Counters],
  exports: [Database, IdempotencyKeys, Counters],
})
export class DatabaseModule {
  constructor(database: Database, metrics: Metrics) {
    metrics.observe(
      'database_connections',
      'Connections to PostgreSQL, and requests that wait for one.',
      'state',
      () => database.connections,
    );
  }
}
