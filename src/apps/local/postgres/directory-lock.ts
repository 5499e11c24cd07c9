import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { processStart } from './process-identity.js';
import { systemErrorCode } from './system-error.js';

/**
 * Takes the lock file `path` for this process; a lock whose process is gone (by pid and start time, so that a reused pid does not keep it) is taken
 * over. Answers the function that gives it back; to call that again does
 * nothing, whoever holds the lock by then.
 * @throws Error when a living process holds it.
 */
export async function lockDirectory(path: string, what: string): Promise<() => void> {
  const mine = `${process.pid} ${(await processStart(process.pid)) ?? ''}`;
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, mine, { mode: 0o644 });
  try {
    for (let attempt = 0; attempt < 10; attempt++) {
      if (createLock(draft, path)) {
        let isHeld = true;
        return () => {
          if (isHeld) rmSync(path, { force: true });
          isHeld = false;
        };
      }
      const holder = readLock(path);
      if (holder === undefined) continue;
      if (await holdsStill(holder))
        throw new Error(`${what} is in use by process ${holder.pid}: stop that first, or set LOCAL_DATA_DIR to another folder.`);
      removeStaleLock(path, holder);
    }
    throw new Error(`${what} is being started by another process: try again.`);
  } finally {
    rmSync(draft, { force: true });
  }
}

interface Holder {
  readonly text: string;
  readonly pid: number;
  readonly started: string;
}

/** A hard link appears with its whole content or not at all, and to one of two racing processes only. */
function createLock(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function readLock(path: string): Holder | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    const [pid = '', started = ''] = /^(\d+) (.*)$/s.exec(text)?.slice(1) ?? [];
    return { text, pid: Number(pid), started };
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function holdsStill(holder: Holder): Promise<boolean> {
  const started = holder.pid > 0 ? await processStart(holder.pid) : undefined;
  return started !== undefined && (started === holder.started || started === 'unknown');
}

/** Moved aside before it is deleted, and put back if another process was quicker and the lock is already its own. */
function removeStaleLock(path: string, stale: Holder): void {
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
    const moved = readLock(aside);
    if (moved !== undefined && moved.text !== stale.text) linkSync(aside, path);
  } catch {
    // Another process moved it first, or has taken the lock meanwhile: the next attempt sees what is there.
  }
  rmSync(aside, { force: true });
}
