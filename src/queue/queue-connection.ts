import { type ConnectionOptions, createPostgresBackend, runMigrations, setDefaultBackendFactory } from 'bullmq';
import { Pool } from 'pg';
import type { Config } from '../config/env.js';

/** BullMQ keeps its tables apart from ours, and migrates them itself. */
const SCHEMA = 'bullmq';

export interface QueueConnection {
  readonly options: ConnectionOptions;
  close(): Promise<void>;
}

/**
 * The engine of all queues of this process, chosen here and nowhere else: Redis where `REDIS_URL` is set, else the database. Resolves when the
 * engine has answered, because BullMQ never recovers from a first connection that fails.
 */
export async function openQueueConnection({ REDIS_URL, DATABASE_URL }: Config): Promise<QueueConnection> {
  if (REDIS_URL !== undefined) return { options: { url: REDIS_URL, maxRetriesPerRequest: null }, close: () => Promise.resolve() };
  if (DATABASE_URL === undefined) throw new Error('a queue needs REDIS_URL or DATABASE_URL');
  return openPostgres(DATABASE_URL);
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
  const connection = await pool.connect();
  try {
    await runMigrations(connection, SCHEMA);
  } finally {
    connection.release();
  }
  return { options: pool as unknown as ConnectionOptions, close: () => pool.end() };
}
