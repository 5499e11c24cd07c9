import { DataSource } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import { connectionOptions } from './data-source-options.js';

/** Any fixed number; holds back the others while one process migrates. */
const MIGRATION_LOCK = 7_164_201_953;

/**
 * Brings the database's schema up to this release. Safe to start from several processes at once: one migrates, the others wait and find nothing
 * to do. A migration that cannot get its table lock within 10 s gives up rather than queue all traffic behind it.
 *
 * @returns the names of the migrations that ran
 */
export async function migrate(url: string): Promise<string[]> {
  const { extra, ...options } = connectionOptions({ url, poolSize: 2, applicationName: 'gemini-chat migrate' });
  const dataSource = await new DataSource({
    ...options,
    migrations: [...migrations],
    extra: { ...extra, statement_timeout: 0, query_timeout: 0 },
  }).initialize();
  try {
    const lock = dataSource.createQueryRunner();
    try {
      await lock.query('SET lock_timeout = 0');
      await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
      const ran = await dataSource.runMigrations({ transaction: 'each' });
      return ran.map(({ name }) => name);
    } finally {
      // Ends the session's lock too, whatever happened to it.
      await lock.query('SELECT pg_advisory_unlock_all()').catch(() => undefined);
      await lock.query('RESET lock_timeout').catch(() => undefined);
      await lock.release();
    }
  } finally {
    await dataSource.destroy();
  }
}
