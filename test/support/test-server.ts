import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/apps/local/postgres/embedded-postgres.js';

let starting: Promise<EmbeddedPostgres | undefined> | undefined;

/**
 * The PostgreSQL of this test run, once per run: that of TEST_DATABASE_URL (a superuser's URL), else an embedded one in
 * a temporary directory, which disappears with this process even if that is killed. Its durability is off except that
 * commits stay synchronous, as in production.
 */
export async function startTestServer(): Promise<void> {
  process.env['TEST_RUN'] ??= `test_${randomBytes(4).toString('hex')}`;
  starting ??= process.env['TEST_DATABASE_URL'] === undefined ? startTemporary() : Promise.resolve(undefined);
  const server = await starting;
  process.env['TEST_POSTGRES_URL'] = server?.connectionString('postgres') ?? process.env['TEST_DATABASE_URL'];
}

export async function stopTestServer(): Promise<void> {
  const server = await starting;
  starting = undefined;
  if (server) await server.stop();
  else await dropDatabasesOfRun();
}

const startTemporary = () =>
  startEmbeddedPostgres({
    dataDirectory: mkdtempSync(join(tmpdir(), 'test-postgres-')),
    temporary: true,
    settings: { fsync: 'off', full_page_writes: 'off', max_connections: '300' },
  });

/** A server that is not ours keeps nothing of this run. */
async function dropDatabasesOfRun(): Promise<void> {
  const client = new Client({ connectionString: process.env['TEST_POSTGRES_URL'] });
  await client.connect();
  try {
    const { rows } = await client.query<{ datname: string }>('SELECT datname FROM pg_database WHERE starts_with(datname, $1)', [
      `${process.env['TEST_RUN'] ?? ''}_`,
    ]);
    for (const { datname } of rows) {
      await client.query(`ALTER DATABASE ${datname} IS_TEMPLATE false`);
      await client.query(`DROP DATABASE ${datname} WITH (FORCE)`);
    }
  } finally {
    await client.end();
  }
}
