import { accessSync, constants, mkdirSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { lockDirectory } from './directory-lock.js';
import { findPostgres } from './postgres-binaries.js';
import { clusterHome, openCluster } from './postgres-cluster.js';
import { launchServer, type PostgresExit, stopOrphan } from './postgres-server.js';
import { serverAccount } from './server-account.js';
import { systemErrorCode } from './system-error.js';

export type { PostgresExit } from './postgres-server.js';

export interface EmbeddedPostgresOptions {
  /** The folder of the data, created if missing. Each major version of PostgreSQL has a folder of its own in it. */
  readonly dataDirectory: string;
  /** Settings of PostgreSQL, as in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Whether the data directory is deleted after the server has stopped, even if this process is killed. */
  readonly temporary?: boolean;
  /** Is called with the progress, one line at a time. */
  readonly onProgress?: (line: string) => void;
}

/** A PostgreSQL server that stops when this process ends, in whatever way. */
export interface EmbeddedPostgres {
  /** The port on 127.0.0.1, which differs at each start. */
  readonly port: number;
  /** Settles when the server ends without having been stopped by `stop`. */
  readonly exited: Promise<PostgresExit>;
  /** A URL with the superuser's password. The database need not exist; `postgres` does. */
  connectionString(database: string): string;
  /** Ends the sessions and the server, and resolves when it is gone. Further calls wait for the first. */
  stop(): Promise<void>;
}

/**
 * Starts a PostgreSQL server on a free port of the loopback interface, from the binaries of the npm package or else of
 * an installed PostgreSQL. It creates the cluster the first time, and stops a server that an earlier process left.
 *
 * @throws Error with a message for the user: no binaries, a directory in use, or the last lines of the server's log
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { settings = {}, temporary = false, onProgress = () => undefined } = options;
  const dataDirectory = resolve(options.dataDirectory);
  openDirectory(dataDirectory);
  const account = await serverAccount(dataDirectory);
  const binaries = await findPostgres(dataDirectory, account, onProgress);
  const home = clusterHome(dataDirectory, binaries.major);
  const unlock = await lockDirectory(`${home}.lock`, `The database in ${home}`);
  try {
    const cluster = await openCluster(home, binaries, account, { sync: settings['fsync'] !== 'off', onProgress });
    await stopOrphan(cluster, binaries, onProgress);
    onProgress(`Starting PostgreSQL ${binaries.version}.`);
    const server = await launchServer({
      cluster,
      binaries,
      account,
      settings,
      removeDirectory: temporary ? dataDirectory : undefined,
      onProgress,
    });
    onProgress(`PostgreSQL ${binaries.version} is ready on 127.0.0.1:${server.port}.`);
    void server.exited.then(unlock);
    let stopping: Promise<void> | undefined;
    const stop = async () => {
      await server.stop();
      unlock();
      if (temporary) rmSync(dataDirectory, { recursive: true, force: true });
    };
    return {
      port: server.port,
      exited: server.exited,
      connectionString: (database) => `postgresql://postgres:${cluster.password}@127.0.0.1:${server.port}/${encodeURIComponent(database)}`,
      stop: () => (stopping ??= stop()),
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

function openDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new Error(
      `The data folder ${path} cannot be used by this user (${systemErrorCode(error) ?? String(error)}): ` +
        'start as the user who created it, or set LOCAL_DATA_DIR to another folder.',
      { cause: error },
    );
  }
}
