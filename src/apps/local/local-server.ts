import type { Fail, Stop } from '../../common/process.js';
import type { Config } from '../../config/env.js';
import { LocalModeError } from './local-mode.error.js';
import { startEmbeddedPostgres } from './postgres/embedded-postgres.js';

const DATABASE = 'gemini_chat';
/** Sessions besides the pools of API and worker: their queues' pools and listeners, the lock, and psql. */
const OTHER_SESSIONS = 60;

export interface LocalServer {
  /** The URL of a database that need not exist yet. */
  readonly url: string;
  /** The location of the data, for people. */
  readonly location: string;
  readonly stop: Stop;
}

/**
 * Uses the PostgreSQL of DATABASE_URL, or else starts an embedded one, whose unexpected end ends the process.
 *
 * @throws LocalModeError
 */
export async function startLocalServer(
  config: Config,
  dataDirectory: string,
  say: (line: string) => void,
  fail: Fail,
): Promise<LocalServer> {
  if (config.DATABASE_URL !== undefined) {
    const { host, pathname } = new URL(config.DATABASE_URL);
    return { url: config.DATABASE_URL, location: `the database ${host}${pathname}`, stop: () => Promise.resolve() };
  }
  const server = await startEmbeddedPostgres({
    dataDirectory,
    settings: { max_connections: String(2 * config.DATABASE_POOL_SIZE + OTHER_SESSIONS) },
    onProgress: say,
  }).catch((error: unknown) => {
    throw new LocalModeError(error instanceof Error ? error.message : String(error), { cause: error });
  });
  void server.exited.then(({ code, signal, log }) =>
    // Nothing can be drained when PostgreSQL is gone.
    fail(new LocalModeError(`PostgreSQL ended by itself (${signal ?? `exit code ${code ?? '?'}`}). Its last words:\n${log}`)),
  );
  return { url: server.connectionString(DATABASE), location: dataDirectory, stop: () => server.stop() };
}
