import { Client, DatabaseError, escapeIdentifier } from 'pg';
import type { Fail, Stop } from '../../common/process.js';
import type { Config } from '../../config/env.js';
import { LocalModeError } from './local-mode.error.js';
import { startEmbeddedPostgres } from './postgres/embedded-postgres.js';
import { holdProcessLock } from './process-lock.js';

const DATABASE = 'gemini_chat';
const INVALID_CATALOG_NAME = '3D000';
const DUPLICATE_DATABASE = '42P04';
/** Sessions beside the pools of API and worker: their queues' pools and listeners, the lock, and whoever looks in with psql. */
const OTHER_SESSIONS = 60;

export interface LocalDatabase {
  readonly url: string;
  /** Where the data is, for people. */
  readonly place: string;
  readonly close: Stop;
}

/**
 * The database of DATABASE_URL, else of an embedded PostgreSQL: there, migrated, and this process's own until it is closed.
 *
 * @param dataDirectory where an embedded one keeps its data
 * @throws LocalModeError, pg's errors
 */
export async function openLocalDatabase(
  config: Config,
  dataDirectory: string,
  say: (line: string) => void,
  fail: Fail,
): Promise<LocalDatabase> {
  const server = await openServer(config, dataDirectory, say, fail);
  try {
    if (config.DATABASE_URL !== undefined) say('Connecting to PostgreSQL…');
    await createIfMissing(server.url);
    const lock = await holdProcessLock(server.url, () => fail(new LocalModeError(usedByAnother(server.place))));
    if (!lock) throw new LocalModeError(usedByAnother(server.place));
    say('Applying migrations…');
    const { migrate } = await import('../../database/migrate.js');
    await migrate(server.url);
    const close = async () => {
      await lock.release();
      await server.stop();
    };
    return { url: server.url, place: server.place, close };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

const usedByAnother = (place: string): string =>
  `Another process of the local mode works on the data in ${place}: stop that first, or set LOCAL_DATA_DIR or DATABASE_URL to another place.`;

async function openServer(config: Config, dataDirectory: string, say: (line: string) => void, fail: Fail) {
  if (config.DATABASE_URL !== undefined) {
    const { host, pathname } = new URL(config.DATABASE_URL);
    return { url: config.DATABASE_URL, place: `the database ${host}${pathname}`, stop: () => Promise.resolve() };
  }
  const server = await startEmbeddedPostgres({
    dataDirectory,
    settings: { max_connections: String(2 * config.DATABASE_POOL_SIZE + OTHER_SESSIONS) },
    onProgress: say,
  }).catch((error: unknown) => {
    throw new LocalModeError(error instanceof Error ? error.message : String(error), { cause: error });
  });
  void server.exited.then(({ code, signal, log }) =>
    // Nothing can be drained without it.
    fail(new LocalModeError(`PostgreSQL ended by itself (${signal ?? `exit code ${code ?? '?'}`}). Its last words:\n${log}`)),
  );
  return { url: server.connectionString(DATABASE), place: dataDirectory, stop: () => server.stop() };
}

async function createIfMissing(url: string): Promise<void> {
  if (await exists(url)) return;
  const maintenance = new URL(url);
  const name = decodeURIComponent(maintenance.pathname.slice(1));
  maintenance.pathname = '/postgres';
  const client = await connect(maintenance.href);
  try {
    await client.query(`CREATE DATABASE ${escapeIdentifier(name)}`);
  } catch (error) {
    if (sqlState(error) !== DUPLICATE_DATABASE) throw error;
  } finally {
    await client.end();
  }
}

async function exists(url: string): Promise<boolean> {
  try {
    await (await connect(url)).end();
    return true;
  } catch (error) {
    if (sqlState(error) === INVALID_CATALOG_NAME) return false;
    throw error;
  }
}

async function connect(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString, application_name: 'gemini-chat local mode', connectionTimeoutMillis: 5_000 });
  await client.connect();
  return client;
}

const sqlState = (error: unknown) => (error instanceof DatabaseError ? error.code : undefined);
