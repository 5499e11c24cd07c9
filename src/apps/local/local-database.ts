import { Client, DatabaseError, escapeIdentifier } from 'pg';
import type { Fail, Stop } from '../../common/process.js';
import { migrate } from '../../database/migrate.js';
import { LocalModeError } from './local-mode.error.js';
import type { LocalServer } from './local-server.js';
import { holdProcessLock } from './process-lock.js';

const INVALID_CATALOG_NAME = '3D000';
const DUPLICATE_DATABASE = '42P04';

/**
 * Creates the database if it is missing, locks it for this process, and migrates it.
 *
 * @returns a function that releases the lock
 * @throws LocalModeError when another process of the local mode has the lock; errors of pg
 */
export async function openLocalDatabase({ url, location }: LocalServer, fail: Fail): Promise<Stop> {
  const refusal = new LocalModeError(
    `Another process of the local mode works on the data in ${location}: stop that first, or set LOCAL_DATA_DIR or DATABASE_URL to another place.`,
  );
  await createIfMissing(url);
  const lock = await holdProcessLock(url, () => fail(refusal));
  if (!lock) throw refusal;
  try {
    await migrate(url);
  } catch (error) {
    await lock.release();
    throw error;
  }
  return () => lock.release();
}

async function createIfMissing(url: string): Promise<void> {
  if (await exists(url)) return;
  const maintenance = new URL(url);
  const name = decodeURIComponent(maintenance.pathname.slice(1));
  maintenance.pathname = '/postgres';
  const client = await connect(maintenance.href);
  try {
    await client.query(`CREATE DATABASE ${escapeIdentifier(name)}`);
  } catch (error) {
    if (sqlState(error) !== DUPLICATE_DATABASE) throw error;
  } finally {
    await client.end();
  }
}

async function exists(url: string): Promise<boolean> {
  try {
    await (await connect(url)).end();
    return true;
  } catch (error) {
    if (sqlState(error) === INVALID_CATALOG_NAME) return false;
    throw error;
  }
}

async function connect(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString, application_name: 'gemini-chat local mode', connectionTimeoutMillis: 5_000 });
  await client.connect();
  return client;
}

const sqlState = (error: unknown) => (error instanceof DatabaseError ? error.code : undefined);
