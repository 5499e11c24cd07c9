import { types } from 'pg';
import type { DataSourceOptions } from 'typeorm';

// A day is a day: pg would make a Date at local midnight of it.
types.setTypeParser(types.builtins.DATE, (value) => value);

interface ConnectionSettings {
  readonly url: string;
  readonly poolSize: number;
  readonly applicationName: string;
}

/** How every process connects: bounded, with a deadline on connecting, on each statement and on a forgotten transaction. */
export function connectionOptions({ url, poolSize, applicationName }: ConnectionSettings) {
  return {
    type: 'postgres',
    url,
    poolSize,
    applicationName,
    connectTimeoutMS: 5_000,
    installExtensions: false,
    synchronize: false,
    migrationsRun: false,
    extra: {
      keepAlive: true,
      keepAliveInitialDelayMillis: 5_000,
      statement_timeout: 7_000,
      // Noticed within 10 s: a server that has gone silent does not even tell that the statement's time is over.
      query_timeout: 8_000,
      lock_timeout: 5_000,
      idle_in_transaction_session_timeout: 30_000,
      options: '-c timezone=UTC',
    },
  } as const satisfies DataSourceOptions;
}
