import { Pool, type PoolClient, type PoolConfig, types } from 'pg';
import type { DataSourceOptions } from 'typeorm';

// pg would make a Date at local midnight of a day.
types.setTypeParser(types.builtins.DATE, (value) => value);

type ConnectCallback = Parameters<Pool['connect']>[0];

/** Reports how many seconds each request had to wait because all connections were busy. */
class MeasuredPool extends Pool {
  constructor(
    options: PoolConfig,
    private readonly onWait: (seconds: number) => void,
  ) {
    super(options);
  }

  override connect(): Promise<PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<PoolClient> | void {
    if (this.idleCount === 0 && this.totalCount >= this.options.max) {
      const since = performance.now();
      const report = () => {
        this.onWait((performance.now() - since) / 1_000);
      };
      if (!callback) return super.connect().finally(report);
      super.connect((...result) => {
        report();
        callback(...result);
      });
    } else if (callback) super.connect(callback);
    else return super.connect();
  }
}

interface ConnectionSettings {
  readonly url: string;
  readonly poolSize: number;
  readonly applicationName: string;
  /** Gets the seconds of each request that had to wait because all connections were busy. */
  readonly onWait?: (seconds: number) => void;
  /** Replace the deadlines of a statement, in milliseconds; 0 is without one. */
  readonly deadlines?: Pick<PoolConfig, 'statement_timeout' | 'query_timeout' | 'lock_timeout'>;
}

/**
 * How every process connects: bounded, with a deadline on connecting, on each statement and on a forgotten transaction.
 */
export function openPool({ url, poolSize, applicationName, onWait = () => undefined, deadlines }: ConnectionSettings): Pool {
  const options: PoolConfig = {
    connectionString: url,
    max: poolSize,
    application_name: applicationName,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
    statement_timeout: 7_000,
    // Noticed within 10 s: a server that has gone silent does not report that a statement's time is over.
    query_timeout: 8_000,
    lock_timeout: 5_000,
    idle_in_transaction_session_timeout: 30_000,
    options: '-c timezone=UTC',
    ...deadlines,
  };
  const pool = new MeasuredPool(options, onWait);
  // A connection that breaks between two queries, while it is in use, would end the process if it had no listener.
  pool.on('connect', (connection) => connection.on('error', () => undefined));
  return pool;
}

/**
 * TypeORM on a pool of ours. TypeORM makes its pool from the `Pool` of the `driver` that it is given, and this one
 * makes none anew. It opens the pool's first connection when it is initialised, and ends the pool when it is destroyed.
 */
export function dataSourceOptions(pool: Pool) {
  return {
    type: 'postgres',
    // TypeORM takes the name of the database from it.
    url: pool.options.connectionString ?? '',
    driver: {
      Pool: function () {
        return pool;
      },
    },
    installExtensions: false,
    synchronize: false,
    migrationsRun: false,
  } as const satisfies DataSourceOptions;
}
