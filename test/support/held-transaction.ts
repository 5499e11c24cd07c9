import { Client } from 'pg';
import { runSql } from './administrator.js';
import { until } from './until.js';

/** A transaction of the test's own, which holds locks for as long as the test likes. */
export interface HeldTransaction {
  run<Row>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Resolves when so many statements of others wait for a lock in this database. */
  untilWaitedFor(count?: number): Promise<void>;
  commit(): Promise<void>;
  /** Rolls back what is not committed. */
  close(): Promise<void>;
}

export async function holdTransaction(databaseUrl: string): Promise<HeldTransaction> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('BEGIN');
  const run = async <Row>(sql: string, values: readonly unknown[] = []) => (await client.query(sql, [...values])).rows as Row[];
  return {
    run,
    untilWaitedFor: (count = 1) =>
      until(`${count} statements wait`, async () => {
        const waiting = await runSql(
          databaseUrl,
          `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
        return waiting.length >= count;
      }),
    commit: async () => {
      await run('COMMIT');
    },
    close: () => client.end(),
  };
}
