import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type PostgresBinaries, ROOT_DIRECTORY } from './postgres-binaries.js';
import { handPaths, type ServerAccount } from './server-account.js';

/** A database cluster with its log and password, all in `home`. */
export interface Cluster {
  readonly home: string;
  /** PostgreSQL's data directory. */
  readonly directory: string;
  readonly log: string;
  readonly password: string;
}

/** The folder of a cluster. Each major version has its own, because it reads only its own data. */
export const clusterHome = (dataDirectory: string, major: number): string => join(dataDirectory, `postgres-${major}`);

/**
 * Opens the cluster in `home`, and creates it if it is missing: under another name, and renamed when it is complete, so
 * that an interrupted one is never taken for a cluster. The caller holds the directory's lock.
 *
 * @throws Error with the output of initdb, or when the cluster belongs to another user
 */
export async function openCluster(
  home: string,
  binaries: PostgresBinaries,
  account: ServerAccount | undefined,
  options: { sync: boolean; onProgress: (line: string) => void },
): Promise<Cluster> {
  removeInterrupted(home);
  if (!existsSync(home)) {
    announceFirstStart(home, binaries, options.onProgress);
    await createCluster(home, binaries, account, options.sync);
  }
  const cluster = pathsIn(home);
  const owner = statSync(cluster.directory).uid;
  const server = account?.uid ?? process.geteuid?.();
  if (server !== undefined && owner !== server) {
    throw new Error(
      `The database in ${home} belongs to the user with id ${owner}, PostgreSQL would run as ${server}: ` +
        'start as the user who created it, or set LOCAL_DATA_DIR to another folder.',
    );
  }
  return { ...cluster, password: readFileSync(cluster.passwordFile, 'utf8').trim() };
}

const pathsIn = (home: string) => ({
  home,
  directory: join(home, 'cluster'),
  log: join(home, 'postgres.log'),
  passwordFile: join(home, 'password'),
});

function removeInterrupted(home: string): void {
  for (const name of readdirSync(dirname(home))) {
    // An initdb whose parent was killed may write for a moment longer: hence the retries, and a new name each time.
    if (name.startsWith(`${basename(home)}.incomplete-`)) {
      rmSync(join(dirname(home), name), { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    }
  }
}

function announceFirstStart(home: string, { version, major }: PostgresBinaries, onProgress: (line: string) => void): void {
  const others = readdirSync(dirname(home)).filter((name) => /^postgres-\d+$/.test(name) && name !== basename(home));
  if (others.length > 0) {
    onProgress(
      `${others.join(', ')} in ${dirname(home)} is of another major version: PostgreSQL ${major} leaves it alone and begins empty.`,
    );
  }
  onProgress(`Preparing PostgreSQL ${version} in ${home} (the first time only).`);
}

async function createCluster(home: string, binaries: PostgresBinaries, account: ServerAccount | undefined, sync: boolean): Promise<void> {
  const draft = pathsIn(`${home}.incomplete-${randomBytes(4).toString('hex')}`);
  mkdirSync(draft.directory, { recursive: true, mode: 0o700 });
  // A server with another account, to which paths are not handed, has to enter the folder; its files have own modes.
  if (account) chmodSync(draft.home, 0o711);
  writeFileSync(draft.passwordFile, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  if (account) for (const path of [draft.home, draft.directory, draft.passwordFile]) chownSync(path, account.uid, account.gid);
  try {
    await runInitdb(draft.directory, draft.passwordFile, binaries, account, sync);
    renameSync(draft.home, home);
  } catch (error) {
    rmSync(draft.home, { recursive: true, force: true });
    throw error;
  }
}

async function runInitdb(
  directory: string,
  passwordFile: string,
  binaries: PostgresBinaries,
  account: ServerAccount | undefined,
  sync: boolean,
): Promise<void> {
  const paths = handPaths([directory, passwordFile], account);
  const [directoryName = directory, passwordName = passwordFile] = paths.names;
  const child = spawn(
    binaries.program('initdb'),
    [
      `--pgdata=${directoryName}`,
      `--pwfile=${passwordName}`,
      '--username=postgres',
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // Text sorts by code point, on every machine and after every upgrade. 17 and later know case beyond ASCII.
      '--locale=C',
      ...(binaries.major >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : []),
      '--no-instructions',
      ...(sync ? [] : ['--no-sync']),
    ],
    { ...account, cwd: ROOT_DIRECTORY, windowsHide: true, stdio: ['ignore', 'pipe', 'pipe', ...paths.descriptors] },
  );
  paths.close();
  let output = '';
  const keep = (chunk: Buffer) => (output += chunk.toString());
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (code !== 0) {
    throw new Error(
      `PostgreSQL's data directory ${directory} could not be created (initdb ended with ${code ?? signal}):\n${output.trim()}`,
    );
  }
}
