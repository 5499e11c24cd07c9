import { execFile } from 'node:child_process';
import { openSync, closeSync, statSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The unprivileged account that PostgreSQL runs under when this process is root, as PostgreSQL refuses to run as root. */
export interface ServerAccount {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Who the server runs as: this process's own user (undefined), or as root the owner of the data directory, so that `sudo npm start` and
 * `npm start` share their data, and `nobody` where root owns that too.
 */
export async function serverAccount(dataDirectory: string): Promise<ServerAccount | undefined> {
  if (process.geteuid?.() !== 0) return undefined;
  const owner = statSync(dataDirectory);
  if (owner.uid !== 0 && (await hasName(owner.uid))) return { uid: owner.uid, gid: owner.gid };
  return { uid: await idOfNobody('-u'), gid: await idOfNobody('-g') };
}

/** initdb looks its own user up by name and fails where there is none, as with the arbitrary owner of a container's volume. */
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

/** Paths as a process of the server has to name them, and the descriptors that belong in its stdio after the first three. */
export interface HandedPaths {
  readonly names: readonly string[];
  readonly descriptors: number[];
  close(): void;
}

/**
 * Hands files and directories to a process that runs under `account`. On Linux root opens them and the process names them through
 * `/proc/self/fd`, which asks for no permission on the folders above: so the data stays where the user wants it, even under a folder that only root
 * may enter. Elsewhere, and where the account is our own, a path is just itself.
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
