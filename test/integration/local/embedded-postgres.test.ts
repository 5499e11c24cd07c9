import { transformFileSync } from '@swc/core';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../../src/apps/local/postgres/embedded-postgres.js';
import { findPostgres } from '../../../src/apps/local/postgres/postgres-binaries.js';
import { isAlive } from '../../../src/apps/local/postgres/process-identity.js';
import { handPaths, serverAccount } from '../../../src/apps/local/postgres/server-account.js';

// mkdtemp makes folders that only their owner may enter: as root, every test here runs under a folder that the server's
// account cannot enter.
const scratch = mkdtempSync(join(tmpdir(), 'embedded-postgres-test-'));
/** Most tests share a data directory, as making a cluster takes a second. */
const shared = join(scratch, 'shared');
const settings = { fsync: 'off' };

let servers: EmbeddedPostgres[] = [];
let processes: ChildProcess[] = [];

beforeAll(() => {
  buildSupervisor();
});

afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  for (const child of processes) child.kill('SIGKILL');
  servers = [];
  processes = [];
});

afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

it('is reached on loopback with its password only, and keeps that readable by its owner alone', async () => {
  const server = await start(shared);
  expect(
    await query(server.connectionString('postgres'), "SELECT current_setting('listen_addresses') AS address, current_user AS name"),
  ).toEqual([{ address: '127.0.0.1', name: 'postgres' }]);
  const url = new URL(server.connectionString('postgres'));
  url.password = 'guessed';
  await expect(query(url.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  expect(statSync(join(homeIn(shared), 'password')).mode & 0o777).toBe(0o600);
});

it('makes UTF-8 databases in UTC that sort by code point', async () => {
  const server = await start(shared);
  const sql = `SELECT current_setting('server_encoding') AS encoding, current_setting('timezone') AS timezone,
    (SELECT string_agg(letter, '' ORDER BY letter) FROM unnest(ARRAY['b', 'ä', 'B', 'a']) AS letter) AS letters`;
  expect(await query(server.connectionString('postgres'), sql)).toEqual([{ encoding: 'UTF8', timezone: 'UTC', letters: 'Babä' }]);
});

it('keeps its data over a restart', async () => {
  const first = await start(shared);
  await query(first.connectionString('postgres'), 'CREATE TABLE kept AS SELECT 42 AS answer');
  await first.stop();

  const second = await start(shared);
  expect(await query(second.connectionString('postgres'), 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
});

it('says what it is doing', async () => {
  const dataDirectory = join(scratch, 'progress');
  const lines: string[] = [];
  const first = await start(dataDirectory, (line) => lines.push(line));
  await first.stop();
  const second = await start(dataDirectory, (line) => lines.push(line));
  const { version } = await binaries(dataDirectory);
  expect(lines).toEqual([
    `Preparing PostgreSQL ${version} in ${homeIn(dataDirectory)} (the first time only).`,
    `Starting PostgreSQL ${version}.`,
    `PostgreSQL ${version} is ready on 127.0.0.1:${first.port}.`,
    `Starting PostgreSQL ${version}.`,
    `PostgreSQL ${version} is ready on 127.0.0.1:${second.port}.`,
  ]);
});

it('refuses a second start on its data directory, from this process and from another', async () => {
  await start(shared);
  const inUse = (pid: number | undefined) =>
    `The database in ${homeIn(shared)} is in use by process ${String(pid)}: stop that first, or set LOCAL_DATA_DIR to another folder.`;
  await expect(start(shared)).rejects.toThrow(new Error(inUse(process.pid)));
  const other = await startInChild(shared);
  expect(other.answer).toEqual({ error: inUse(process.pid) });
});

it('stops when the process that started it is killed, and is free for the next one', async () => {
  const { child, answer } = await startInChild(shared);
  await query(answer.url ?? '', 'CREATE TABLE written_before_the_kill AS SELECT 1 AS one');
  const pid = postmasterPid(shared);
  const killed = Date.now();
  child.kill('SIGKILL');
  await until(() => !isAlive(pid));
  expect(Date.now() - killed).toBeLessThan(15_000);

  const next = await start(shared);
  expect(await query(next.connectionString('postgres'), 'SELECT one FROM written_before_the_kill')).toEqual([{ one: 1 }]);
});

it('outlives a Ctrl-C in the terminal until the application has drained', async () => {
  const { child, answer, lines } = await startInChild(shared);
  expect(answer.error).toBeUndefined();
  const pid = postmasterPid(shared);
  process.kill(-(child.pid ?? 0), 'SIGINT');
  expect((await lines.next()).value).toBe('the database still answers');
  await once(child, 'exit');
  expect(isAlive(pid)).toBe(false);
});

it('stops a server that was left behind without a watchdog, and starts on its data', async () => {
  const first = await start(shared);
  await first.stop();
  const orphan = await runBareServer(shared, first.port);

  const lines: string[] = [];
  const next = await start(shared, (line) => lines.push(line));
  expect(lines[0]).toBe(`Stopping a PostgreSQL server (process ${String(orphan.pid)}) that was left behind.`);
  expect(orphan.exitCode).toBe(0);
  expect(await query(next.connectionString('postgres'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

it('does not touch a process that has got the pid of a server that is gone', async () => {
  await (await start(shared)).stop();
  const cluster = join(homeIn(shared), 'cluster');
  const innocent = spawn('sleep', ['60'], { ...(await serverAccount(shared)), stdio: 'ignore', cwd: '/' });
  processes.push(innocent);
  await once(innocent, 'spawn');
  writeFileSync(join(cluster, 'postmaster.pid'), `${String(innocent.pid)}\n${cluster}\n1700000000\n5432\n\n127.0.0.1\n\nready   \n`);

  await start(shared);
  expect(postmasterPid(shared)).not.toBe(innocent.pid);
  expect({ exitCode: innocent.exitCode, signalCode: innocent.signalCode }).toEqual({ exitCode: null, signalCode: null });
});

it('begins anew after a first start that was killed half-way', async () => {
  const dataDirectory = join(scratch, 'half-way');
  const child = runChild(dataDirectory);
  await until(() => existsSync(dataDirectory) && readdirSync(dataDirectory).some((name) => name.includes('.incomplete-')));
  child.kill('SIGKILL');
  await once(child, 'exit');

  const server = await start(dataDirectory);
  expect(await query(server.connectionString('postgres'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  expect(readdirSync(dataDirectory).sort()).toEqual([`postgres-${await major()}`, `postgres-${await major()}.lock`]);
});

it('tells when the server ends by itself, and starts again', async () => {
  const server = await start(shared);
  process.kill(postmasterPid(shared), 'SIGKILL');
  expect(await server.exited).toEqual({ code: null, signal: 'SIGKILL', log: expect.stringContaining('ready to accept connections') });
  await server.stop();

  const next = await start(shared);
  expect(await query(next.connectionString('postgres'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

it('says so when its data folder cannot be used', async () => {
  const file = join(scratch, 'a-file');
  writeFileSync(file, '');
  await expect(startEmbeddedPostgres({ dataDirectory: join(file, 'data') })).rejects.toThrow(
    `The data folder ${join(file, 'data')} cannot be used by this user (ENOTDIR): ` +
      'start as the user who created it, or set LOCAL_DATA_DIR to another folder.',
  );
});

it("puts the server's last words into the error of a failed start, and frees the directory", async () => {
  const failing = startEmbeddedPostgres({ dataDirectory: shared, settings: { shared_buffers: 'plenty' } });
  await expect(failing).rejects.toThrow(
    /^PostgreSQL \S+ did not start in .*FATAL: {2}invalid value for parameter "shared_buffers": "plenty"/s,
  );
  await start(shared);
});

it('begins its log anew when that has grown over five megabytes', async () => {
  await (await start(shared)).stop();
  const log = join(homeIn(shared), 'postgres.log');
  writeFileSync(log, 'x'.repeat(6 * 1024 * 1024));
  await start(shared);
  expect(statSync(log).size).toBeLessThan(100_000);
});

it('stops once, however often and at once it is told to, and leaves no listener on the process', async () => {
  const listeners = () => process.eventNames().map((name) => [name, process.listenerCount(name)]);
  const before = listeners();
  const server = await start(shared);
  const pid = postmasterPid(shared);
  await Promise.all([server.stop(), server.stop()]);
  await server.stop();
  expect(isAlive(pid)).toBe(false);
  expect(listeners()).toEqual(before);
});

it('leaves its successor alone when it is stopped once more', async () => {
  const first = await start(shared);
  process.kill(postmasterPid(shared), 'SIGKILL');
  await first.exited;
  const second = await start(shared);
  await first.stop();
  expect(await query(second.connectionString('postgres'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await expect(start(shared)).rejects.toThrow(/ is in use by process /);
});

it('deletes a temporary data directory when it stops, and when its starter is killed', async () => {
  const stopped = join(scratch, 'temporary-stopped');
  const server = await startEmbeddedPostgres({ dataDirectory: stopped, settings, temporary: true });
  await server.stop();
  expect(existsSync(stopped)).toBe(false);

  const killed = join(scratch, 'temporary-killed');
  const { child } = await startInChild(killed, 'temporary');
  expect(existsSync(killed)).toBe(true);
  child.kill('SIGKILL');
  await until(() => !existsSync(killed));
});

async function start(dataDirectory: string, onProgress: (line: string) => void = () => undefined): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDirectory, settings, onProgress });
  servers.push(server);
  return server;
}

const binaries = async (dataDirectory: string) => findPostgres(dataDirectory, await serverAccount(dataDirectory), () => undefined);

const major = async () => (await binaries(shared)).major;

/** The one cluster in a data directory. */
function homeIn(dataDirectory: string): string {
  const [name = 'none'] = readdirSync(dataDirectory).filter((entry) => /^postgres-\d+$/.test(entry));
  return join(dataDirectory, name);
}

const postmasterPid = (dataDirectory: string): number =>
  Number.parseInt(readFileSync(join(homeIn(dataDirectory), 'cluster', 'postmaster.pid'), 'utf8'), 10);

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

/** The test's own time limit ends it when the condition never comes. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(5);
}

/** The supervisor as plain JavaScript, for processes that can be killed. */
function buildSupervisor(): void {
  const sources = resolve('src/apps/local/postgres');
  const built = join(scratch, 'built');
  mkdirSync(built);
  writeFileSync(join(built, 'package.json'), '{ "type": "module" }');
  symlinkSync(resolve('node_modules'), join(built, 'node_modules'), 'junction');
  for (const name of readdirSync(sources).filter((entry) => !entry.endsWith('.test.ts'))) {
    const { code } = transformFileSync(join(sources, name), {
      swcrc: false,
      module: { type: 'es6' },
      jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    });
    writeFileSync(join(built, name.replace(/\.ts$/, '.js')), code);
  }
  writeFileSync(
    join(built, 'application.js'),
    `import pg from 'pg';
     import { startEmbeddedPostgres } from './embedded-postgres.js';
     const [dataDirectory, mode] = process.argv.slice(2);
     try {
       const server = await startEmbeddedPostgres({ dataDirectory, settings: { fsync: 'off' }, temporary: mode === 'temporary' });
       const url = server.connectionString('postgres');
       process.once('SIGINT', async () => {
         const client = new pg.Client({ connectionString: url });
         await client.connect();
         await client.query('SELECT pg_sleep(0.2)');
         await client.end();
         console.log('the database still answers');
         await server.stop();
         process.exit();
       });
       setInterval(() => undefined, 1_000);
       console.log(JSON.stringify({ url }));
     } catch (error) {
       console.log(JSON.stringify({ error: error.message }));
     }`,
  );
}

/** A server that nothing watches. */
async function runBareServer(dataDirectory: string, port: number): Promise<ChildProcess> {
  const account = await serverAccount(dataDirectory);
  const paths = handPaths([join(homeIn(dataDirectory), 'cluster')], account);
  const bare = spawn(
    (await binaries(dataDirectory)).program('postgres'),
    ['-D', paths.names[0] ?? '', '-c', `port=${port}`, '-c', 'unix_socket_directories='],
    {
      ...account,
      cwd: '/',
      stdio: ['ignore', 'ignore', 'ignore', ...paths.descriptors],
    },
  );
  paths.close();
  processes.push(bare);
  const pidFile = join(homeIn(dataDirectory), 'cluster', 'postmaster.pid');
  await until(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8').includes('\nready'));
  return bare;
}

/** In a process group of its own, as a shell gives to what it runs. */
function runChild(dataDirectory: string, mode = ''): ChildProcess {
  const child = spawn(process.execPath, [join(scratch, 'built', 'application.js'), dataDirectory, mode], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  processes.push(child);
  return child;
}

async function startInChild(dataDirectory: string, mode?: string) {
  const child = runChild(dataDirectory, mode);
  if (!child.stdout) throw new Error('The child has no standard output.');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const first = await lines.next();
  const answer: { url?: string; error?: string } = JSON.parse(String(first.value));
  return { child, answer, lines };
}
