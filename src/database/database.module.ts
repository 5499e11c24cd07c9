import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Pool } from 'pg';
import { MetricsModule } from '../common/metrics/metrics.module.js';
import { Metrics } from '../common/metrics/metrics.js';
import { InjectConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { CounterEntity } from './counter.entity.js';
import { Counters } from './counters.js';
import { Database } from './database.js';
import { IdempotencyKeyEntity } from './idempotency-key.entity.js';
import { IdempotencyKeys } from './idempotency-keys.js';
import { dataSourceOptions, openPool } from './pool.js';
import { Schedules } from './schedules.js';

/** The one pool of a process. */
@Module({
  providers: [
    {
      provide: Pool,
      inject: [InjectConfig.TOKEN],
      useFactory: ({ DATABASE_URL, DATABASE_POOL_SIZE }: Config) => {
        if (DATABASE_URL === undefined) throw new Error('DATABASE_URL is demanded by every entry point');
        return openPool({ url: DATABASE_URL, poolSize: DATABASE_POOL_SIZE, applicationName: 'gemini-chat' });
      },
    },
  ],
  exports: [Pool],
})
class PoolModule {}

/**
 * The database of every process: named statements and TypeORM's repositories on one pool, advisory locks, schedules.
 */
@Global()
@Module({
  imports: [
    MetricsModule,
    PoolModule,
    TypeOrmModule.forRootAsync({
      imports: [PoolModule],
      inject: [Pool],
      useFactory: (pool: Pool) => ({ ...dataSourceOptions(pool), autoLoadEntities: true, retryAttempts: 0 }),
    }),
    TypeOrmModule.forFeature([CounterEntity, IdempotencyKeyEntity]),
  ],
  providers: [Database, IdempotencyKeys, Counters, Schedules],
  exports: [Database, IdempotencyKeys, Counters, Schedules],
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
