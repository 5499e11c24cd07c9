import { createPostgresBackend, type QueueOptions, runMigrations, setDefaultBackendFactory } from 'bullmq';
import type { Redis, RedisOptions } from 'ioredis';
import { Pool } from 'pg';
import type { Config } from '../config/env.js';
import { connectRedis, EndingRedis, logOutages, ServiceRedis } from '../redis/redis-connection.js';

/** BullMQ has a schema of its own, and migrates it itself. */
const SCHEMA = 'bullmq';
/** The prefix of the keys of all queues in Redis. */
const PREFIX = 'gemini-chat';

export interface QueueConnection {
  readonly options: Pick<QueueOptions, 'connection' | 'prefix'>;
  close(): Promise<void>;
}

/**
 * Chooses the engine of all queues of this process: Redis when `REDIS_URL` is set, else PostgreSQL. It resolves when
 * the engine has answered, because BullMQ never recovers from a first connection that fails.
 */
export async function openQueueConnection({ REDIS_URL, DATABASE_URL }: Config): Promise<QueueConnection> {
  if (REDIS_URL !== undefined) return openRedis(REDIS_URL);
  if (DATABASE_URL === undefined) throw new Error('A queue requires REDIS_URL or DATABASE_URL.');
  return openPostgres(DATABASE_URL);
}

/** While Redis is unreachable, adding a job fails at once, and the sweep adds it later. A worker waits and resumes. */
async function openRedis(url: string): Promise<QueueConnection> {
  setDefaultBackendFactory();
  const connection = await connectRedis(url, 'gemini-chat:queue', QueueRedis);
  return {
    options: { connection, prefix: PREFIX },
    close: () => {
      connection.disconnect();
      return Promise.resolve();
    },
  };
}

/** BullMQ's blocking commands take at most 10 s. */
const BLOCKED_AT_MOST_MS = 15_000;

/**
 * BullMQ creates the blocking connection of a worker with `duplicate`. Commands on it take seconds without a failure,
 * and may wait for the connection.
 */
class QueueRedis extends ServiceRedis {
  override duplicate(override?: Partial<RedisOptions>): Redis {
    const copy = new EndingRedis({
      ...this.options,
      ...override,
      commandTimeout: BLOCKED_AT_MOST_MS,
      socketTimeout: BLOCKED_AT_MOST_MS,
      enableOfflineQueue: true,
      maxRetriesPerRequest: null,
      lazyConnect: false,
    });
    logOutages(copy, 'gemini-chat:worker');
    return copy;
  }
}

async function openPostgres(connectionString: string): Promise<QueueConnection> {
  setDefaultBackendFactory(createPostgresBackend);
  const pool = new Pool({
    connectionString,
    // Each worker holds one connection to listen on; the rest serve all queues.
    max: 12,
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
    application_name: 'gemini-chat queue',
    options: `-c search_path=${SCHEMA}`,
  });
  // A broken idle connection would end the process if there were no listener. The pool replaces the connection.
  pool.on('error', () => undefined);
  // The same holds for a connection that BullMQ keeps between two queries.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const connection = await pool.connect();
  try {
    await runMigrations(connection, SCHEMA);
  } finally {
    connection.release();
  }
  return { options: { connection: pool }, close: () => pool.end() };
}
