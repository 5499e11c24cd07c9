import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../src/apps/local/postgres/embedded-postgres.js';

let dataDirectory: string;
let servers: EmbeddedPostgres[];

beforeEach(() => {
  dataDirectory = mkdtempSync(join(tmpdir(), 'embedded-postgres-test-'));
  servers = [];
});

afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  rmSync(dataDirectory, { recursive: true, force: true });
});

async function start(onProgress?: (line: string) => void): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDirectory, settings: { fsync: 'off' }, ...(onProgress && { onProgress }) });
  servers.push(server);
  return server;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return rows;
  } finally {
    await client.end();
  }
}

it('keeps its data over a restart', async () => {
  const first = await start();
  await query(first.connectionString('postgres'), 'CREATE TABLE kept AS SELECT 42 AS answer');
  await first.stop();

  const second = await start();
  expect(await query(second.connectionString('postgres'), 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
});
