import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Pool } from 'pg';
import { MetricsModule } from '../common/metrics/metrics.module.js';
import { Metrics, samplesBy } from '../common/metrics/metrics.js';
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
  imports: [MetricsModule],
  providers: [
    {
      provide: Pool,
      inject: [InjectConfig.TOKEN, Metrics],
      useFactory: ({ DATABASE_URL, DATABASE_POOL_SIZE }: Config, metrics: Metrics) => {
        if (DATABASE_URL === undefined) throw new Error('DATABASE_URL is demanded by every entry point');
        const waits = metrics.histogram('database_pool_wait_seconds', 'Time that requests waited because all connections were busy.', []);
        return openPool({
          url: DATABASE_URL,
          poolSize: DATABASE_POOL_SIZE,
          applicationName: 'gemini-chat',
          onWait: (seconds) => {
            waits.observe(seconds);
          },
        });
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
  constructor(pool: Pool, metrics: Metrics) {
    metrics.observe(
      {
        database_connections: { help: 'Connections of this process to PostgreSQL.', labels: ['state'] },
        database_connections_limit: { help: 'Most connections of this process: DATABASE_POOL_SIZE.' },
        database_pool_waiting_requests: { help: 'Requests of this process that wait for a connection.' },
      },
      () => ({
        database_connections: samplesBy('state', { idle: pool.idleCount, busy: pool.totalCount - pool.idleCount }),
        database_connections_limit: pool.options.max,
        database_pool_waiting_requests: pool.waitingCount,
      }),
    );
  }
}
