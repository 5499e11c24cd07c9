import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { processStart } from './process-identity.js';
import { systemErrorCode } from './system-error.js';

/**
 * Takes the lock file `path` for this process. A lock whose process is gone is taken over; pid and start time tell, so
 * that a reused pid does not keep it.
 *
 * @returns a function that releases the lock; further calls of it do nothing
 * @throws Error when a living process holds the lock
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
    throw new Error(`${what} is being started by another process. Retry later.`);
  } finally {
    rmSync(draft, { force: true });
  }
}

interface Holder {
  readonly text: string;
  readonly pid: number;
  readonly started: string;
}

/** Creates a hard link, which appears with its whole content, and for only one of two racing processes. */
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

/** Moves the lock aside before it deletes it, and puts it back if another process has taken it meanwhile. */
function removeStaleLock(path: string, stale: Holder): void {
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
    const moved = readLock(aside);
    if (moved !== undefined && moved.text !== stale.text) linkSync(aside, path);
  } catch {
    // Another process moved it first, or has taken the lock meanwhile: the next attempt reads the lock again.
  }
  rmSync(aside, { force: true });
}
