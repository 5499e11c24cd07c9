import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { DATABASE_LOCKS } from '../../database/locks.js';

/** Time to wait for the lock, which a process that was killed a moment ago may still hold. */
const PATIENCE_MS = 1_000;
const RECONNECT_MS = 500;
const LOCK_NOT_AVAILABLE = '55P03';

export interface ProcessLock {
  release(): Promise<void>;
}

/**
 * Holds the lock of the local mode on a database, in a session of its own, until it is released or the process ends. A
 * session that breaks is replaced.
 *
 * @param onLost is called when another process took the lock while the session was broken
 * @returns null when another process holds it
 * @throws errors of pg while the database cannot be reached
 */
export async function holdProcessLock(url: string, onLost: () => void): Promise<ProcessLock | null> {
  let released = false;
  let session: Client | null = null;

  const take = async (): Promise<boolean> => {
    const client = new Client({
      connectionString: url,
      application_name: 'gemini-chat local mode',
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    });
    // A session that breaks would end the process if it had no listener.
    client.on('error', () => undefined);
    await client.connect();
    try {
      await client.query(`SET idle_session_timeout = 0; SET lock_timeout = ${PATIENCE_MS}`);
      await client.query(`SELECT pg_advisory_lock(${DATABASE_LOCKS.localMode})`);
    } catch (error) {
      await client.end();
      if ((error as { code?: unknown }).code === LOCK_NOT_AVAILABLE) return false;
      throw error;
    }
    client.once('end', () => void takeAgain());
    session = client;
    return true;
  };

  const takeAgain = async (): Promise<void> => {
    while (!released) {
      try {
        if (!(await take())) onLost();
        return;
      } catch {
        // The database is away, which its users report.
        await sleep(RECONNECT_MS, undefined, { ref: false });
      }
    }
  };

  if (!(await take())) return null;
  return {
    release: async () => {
      released = true;
      await session?.end();
    },
  };
}
