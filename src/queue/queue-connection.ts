import { createPostgresBackend, type QueueOptions, runMigrations, setDefaultBackendFactory } from 'bullmq';
import type { Redis, RedisOptions } from 'ioredis';
import { Pool } from 'pg';
import type { Config } from '../config/env.js';
import { connectRedis, logOutages, ServiceRedis } from '../redis/redis-connection.js';

/** BullMQ keeps its tables apart from ours, and migrates them itself. */
const SCHEMA = 'bullmq';
/** Of all our queues' keys in Redis. */
const PREFIX = 'gemini-chat';

export interface QueueConnection {
  readonly options: Pick<QueueOptions, 'connection' | 'prefix'>;
  close(): Promise<void>;
}

/**
 * The engine of all queues of this process, chosen here and nowhere else: Redis where `REDIS_URL` is set, else the database. Resolves when the
 * engine has answered, because BullMQ never recovers from a first connection that fails.
 */
export async function openQueueConnection({ REDIS_URL, DATABASE_URL }: Config): Promise<QueueConnection> {
  if (REDIS_URL !== undefined) return openRedis(REDIS_URL);
  if (DATABASE_URL === undefined) throw new Error('a queue needs REDIS_URL or DATABASE_URL');
  return openPostgres(DATABASE_URL);
}

/** Adding a job fails at once while Redis is away, and the sweeper adds it later; a worker waits, and goes on by itself. */
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

/** BullMQ blocks for at most 10 s at a time. */
const BLOCKED_AT_MOST_MS = 15_000;

/** BullMQ makes a worker's blocking connection by `duplicate`: there a command that takes seconds is no failure, and waiting is right. */
class QueueRedis extends ServiceRedis {
  override duplicate(override?: Partial<RedisOptions>): Redis {
    const copy = super.duplicate({
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
  // Without a listener an idle connection that breaks would end the process; the pool replaces it by itself.
  pool.on('error', () => undefined);
  // And so would one that BullMQ holds between two queries.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const connection = await pool.connect();
  try {
    await runMigrations(connection, SCHEMA);
  } finally {
    connection.release();
  }
  return { options: { connection: pool }, close: () => pool.end() };
}
