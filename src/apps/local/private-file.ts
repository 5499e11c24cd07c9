import { chownSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemErrorCode } from './postgres/system-error.js';

/**
 * Writes JSON atomically into a file that only its owner may read. The owner of the folder is the owner of the file, so
 * that `sudo npm start` and `npm start` share their files.
 */
export function writePrivateFile(path: string, value: unknown): void {
  const draft = `${path}.${process.pid}`;
  try {
    writeFileSync(draft, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600, flush: true });
    if (process.geteuid?.() === 0) {
      const { uid, gid } = statSync(dirname(path));
      chownSync(draft, uid, gid);
    }
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/** Reads a file of `writePrivateFile`. @returns null if there is none @throws SyntaxError for invalid JSON */
export function readPrivateFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw error;
  }
}
