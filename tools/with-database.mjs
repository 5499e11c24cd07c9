/**
 * Runs a command with DATABASE_URL naming an empty database with this release's schema, on a PostgreSQL that is gone
 * when the command is done: `node tools/with-database.mjs <command>`. Needs `npm run build` first.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../dist/src/apps/local/postgres/embedded-postgres.js';
import { migrate } from '../dist/src/database/migrate.js';

const server = await startEmbeddedPostgres({ dataDirectory: mkdtempSync(join(tmpdir(), 'with-database-')), temporary: true });
try {
  const url = server.connectionString('postgres');
  await migrate(url);
  const [command, ...words] = process.argv.slice(2);
  const child = spawn(command, words, {
    stdio: 'inherit',
    shell: process.platform === 'win32',
    env: { ...process.env, DATABASE_URL: url },
  });
  const [code] = await once(child, 'close');
  process.exitCode = code ?? 1;
} finally {
  await server.stop();
}
