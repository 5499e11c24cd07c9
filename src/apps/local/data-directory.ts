import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { LocalModeError } from './local-mode.error.js';
import { systemErrorCode } from './postgres/system-error.js';

/**
 * Creates the folder of LOCAL_DATA_DIR if it is missing.
 *
 * @returns its absolute path
 * @throws LocalModeError
 */
export function openDataDirectory(path: string): string {
  const directory = resolve(path);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new LocalModeError(
      `The data folder ${directory} cannot be created (${systemErrorCode(error) ?? String(error)}): set LOCAL_DATA_DIR to another folder.`,
      { cause: error },
    );
  }
  return directory;
}
