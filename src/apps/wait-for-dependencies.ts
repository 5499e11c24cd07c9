import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { Config } from '../config/env.js';
import { findMissingMigration, pingDatabase } from '../database/migrate.js';
import { connectRedis } from '../redis/redis-connection.js';

const RETRY_MS = 500;

/** A dependency that the process needs was not ready in time. The message is for the operator. */
export class DependencyError extends Error {
  override readonly name = 'DependencyError';
}

/**
 * Waits until PostgreSQL has the schema of this release, and until Redis answers where it is used.
 *
 * @throws DependencyError after START_TIMEOUT, for the first dependency that is not ready
 */
export async function waitForDependencies({ DATABASE_URL, REDIS_URL, START_TIMEOUT }: Config): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT;
  if (DATABASE_URL !== undefined) {
    await attempt(deadline, 'PostgreSQL cannot be reached', 'Check DATABASE_URL.', () => pingDatabase(DATABASE_URL));
    await attempt(deadline, 'The database is not ready', 'Run `npm run migrate`.', async () => {
      const missing = await findMissingMigration(DATABASE_URL);
      if (missing !== null) throw new Error(`its schema lacks the migration ${missing}`);
    });
  }
  if (REDIS_URL !== undefined) {
    await attempt(deadline, 'Redis cannot be reached', 'Check REDIS_URL.', async () => {
      (await connectRedis(REDIS_URL, 'gemini-chat:start')).disconnect();
    });
  }
}

async function attempt(deadline: number, failure: string, advice: string, check: () => Promise<void>): Promise<void> {
  const logger = new Logger('Start');
  for (let attempts = 1; ; attempts += 1) {
    try {
      await check();
      return;
    } catch (error) {
      const reason = error instanceof Error ? error.message || error.name : String(error);
      if (Date.now() >= deadline) throw new DependencyError(`${failure}: ${reason}. ${advice}`, { cause: error });
      if (attempts === 1) logger.warn(`${failure}: ${reason}. Waiting.`);
      await sleep(RETRY_MS);
    }
  }
}
