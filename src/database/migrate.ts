import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { DataSource, type QueryRunner } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import { sqlState } from './database.errors.js';
import { DATABASE_LOCKS } from './locks.js';
import { dataSourceOptions, openPool } from './pool.js';

const LOCK_INTERVAL_MS = 200;

/**
 * Brings the database's schema up to this release. Safe to start from several processes at once: one migrates, the
 * others wait and find nothing to do. A migration that cannot get its table lock within 10 s gives up rather than queue
 * all traffic behind it.
 *
 * @returns the names of the migrations that ran
 */
export async function migrate(url: string): Promise<string[]> {
  const pool = openPool({
    url,
    poolSize: 2,
    applicationName: 'gemini-chat migrate',
    deadlines: { statement_timeout: 0, query_timeout: 0, lock_timeout: 10_000 },
  });
  const dataSource = await new DataSource({ ...dataSourceOptions(pool), migrations: [...migrations] }).initialize();
  try {
    const lock = dataSource.createQueryRunner();
    try {
      // Polled: a concurrent index build waits for running statements, and would wait for one that waits for this lock.
      while (!(await tryLock(lock))) await sleep(LOCK_INTERVAL_MS);
      const ran = await dataSource.runMigrations({ transaction: 'each' });
      return ran.map(({ name }) => name);
    } finally {
      // Ends the session's lock too, whatever happened to it.
      await lock.query('SELECT pg_advisory_unlock_all()').catch(() => undefined);
      await lock.release();
    }
  } finally {
    await dataSource.destroy();
  }
}

async function tryLock(runner: QueryRunner): Promise<boolean> {
  const [row] = (await runner.query(`SELECT pg_try_advisory_lock(${DATABASE_LOCKS.migration}) AS locked`)) as { locked: boolean }[];
  return row?.locked === true;
}

/** @throws pg's error when the server does not answer a query within 5 s */
export const pingDatabase = (url: string): Promise<void> =>
  withClient(url, async (client) => {
    await client.query('SELECT 1');
  });

/**
 * The first migration of this release that the database has not seen; null when there is none. A newer release's are no
 * hindrance.
 */
export const findMissingMigration = (url: string): Promise<string | null> =>
  withClient(url, async (client) => {
    const applied = await client
      .query<{ name: string }>('SELECT name FROM migrations')
      .then(({ rows }) => new Set(rows.map(({ name }) => name)))
      .catch((error: unknown) => {
        if (sqlState(error) === UNDEFINED_TABLE) return new Set<string>();
        throw error;
      });
    return migrations.map(({ name }) => name).find((name) => !applied.has(name)) ?? null;
  });

const UNDEFINED_TABLE = '42P01';

async function withClient<T>(connectionString: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    connectionString,
    connectionTimeoutMillis: 5_000,
    query_timeout: 5_000,
    application_name: 'gemini-chat start',
  });
  // The query reports the failure; a connection that has no listener would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    // A server that has gone silent does not say goodbye either.
    await Promise.race([client.end().catch(() => undefined), sleep(1_000, undefined, { ref: false })]);
  }
}
