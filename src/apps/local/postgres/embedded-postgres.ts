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
  /** Where the data lives; made if missing. Each major version of PostgreSQL keeps a folder of its own in it. */
  readonly dataDirectory: string;
  /** Settings of PostgreSQL, as in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The data directory is deleted once the server has stopped, even if this process is killed. */
  readonly temporary?: boolean;
  /** Told what is being done while one waits. */
  readonly onProgress?: (line: string) => void;
}

/** A PostgreSQL server of this process's own: when this process ends, in whatever way, the server is stopped. */
export interface EmbeddedPostgres {
  /** On 127.0.0.1, another one at each start. */
  readonly port: number;
  /** Settles when the server ends without having been stopped by `stop`. */
  readonly exited: Promise<PostgresExit>;
  /** A URL with the superuser's password. The database need not exist; `postgres` does. */
  connectionString(database: string): string;
  /** Ends sessions and the server; returns when it is gone. Further calls wait for the first. */
  stop(): Promise<void>;
}

/**
 * Starts a PostgreSQL server on a free port of the loopback interface, from the binaries of the npm package or else of an installed PostgreSQL. The
 * cluster is made the first time; a server that an earlier process left behind is stopped first.
 * @throws Error for the user to read: nothing to run, the directory in use, or the server's last words.
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
        'start as the user who made it, or set LOCAL_DATA_DIR to another folder.',
      { cause: error },
    );
  }
}
