import { execFile } from 'node:child_process';
import { openSync, closeSync, statSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The unprivileged account for PostgreSQL when this process is root, because PostgreSQL refuses to run as root. */
export interface ServerAccount {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Chooses the account of the server: this process's own (undefined), or for root the owner of the data directory, so
 * that `sudo npm start` and `npm start` share their data. Where root owns the directory it is `nobody`.
 */
export async function serverAccount(dataDirectory: string): Promise<ServerAccount | undefined> {
  if (process.geteuid?.() !== 0) return undefined;
  const owner = statSync(dataDirectory);
  if (owner.uid !== 0 && (await hasName(owner.uid))) return { uid: owner.uid, gid: owner.gid };
  return { uid: await idOfNobody('-u'), gid: await idOfNobody('-g') };
}

/** Whether the user has a name: initdb fails without one, as for the arbitrary owner of a container's volume. */
async function hasName(uid: number): Promise<boolean> {
  try {
    await run('id', ['-un', String(uid)]);
    return true;
  } catch {
    return false;
  }
}

async function idOfNobody(flag: '-u' | '-g'): Promise<number> {
  const { stdout } = await run('id', [flag, 'nobody']);
  return Number(stdout);
}

/** The names of paths for a process of the server, and the descriptors for its stdio after the first three. */
export interface HandedPaths {
  readonly names: readonly string[];
  readonly descriptors: number[];
  close(): void;
}

/**
 * Hands files and directories to a process that runs under `account`. On Linux root opens them, and the process names
 * them through `/proc/self/fd`, which needs no permission on the folders above: the data may be in a folder that only
 * root may enter. On other systems, and for this process's own account, the names are the paths.
 */
export function handPaths(paths: readonly string[], account: ServerAccount | undefined): HandedPaths {
  if (account === undefined || process.platform !== 'linux') return { names: paths, descriptors: [], close: () => undefined };
  const descriptors = paths.map((path) => openSync(path, 'r'));
  return {
    names: descriptors.map((_, index) => `/proc/self/fd/${3 + index}`),
    descriptors,
    close: () => {
      for (const descriptor of descriptors) closeSync(descriptor);
    },
  };
}
