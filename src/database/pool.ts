import { Pool, type PoolConfig, types } from 'pg';
import type { DataSourceOptions } from 'typeorm';

// pg would make a Date at local midnight of a day.
types.setTypeParser(types.builtins.DATE, (value) => value);

interface ConnectionSettings {
  readonly url: string;
  readonly poolSize: number;
  readonly applicationName: string;
  /** Replace the deadlines of a statement, in milliseconds; 0 is without one. */
  readonly deadlines?: Pick<PoolConfig, 'statement_timeout' | 'query_timeout' | 'lock_timeout'>;
}

/**
 * How every process connects: bounded, with a deadline on connecting, on each statement and on a forgotten transaction.
 */
export function openPool({ url, poolSize, applicationName, deadlines }: ConnectionSettings): Pool {
  const pool = new Pool({
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
  });
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
