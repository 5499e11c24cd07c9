import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, fchownSync, fstatSync, ftruncateSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { createServer, Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PostgresBinaries, ROOT_DIRECTORY } from './postgres-binaries.js';
import { type Cluster } from './postgres-cluster.js';
import { isAlive, isPostgresOn } from './process-identity.js';
import { handPaths, type ServerAccount } from './server-account.js';

/** An unexpected end of PostgreSQL. */
export interface PostgresExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last lines of its log. */
  readonly log: string;
}

/** A server that accepts connections. */
export interface RunningServer {
  readonly port: number;
  readonly exited: Promise<PostgresExit>;
  stop(): Promise<void>;
}

export interface LaunchOptions {
  readonly cluster: Cluster;
  readonly binaries: PostgresBinaries;
  readonly account: ServerAccount | undefined;
  readonly settings: Readonly<Record<string, string>>;
  /** The directory that the watchdog deletes when it had to stop the server. */
  readonly removeDirectory: string | undefined;
  readonly onProgress: (line: string) => void;
}

const LOG_LIMIT_BYTES = 5 * 1024 * 1024;
const READY_WITHIN_MS = 120_000;
/** Time for retries of a start that lost its port, or that met the last children of a killed server. */
const RETRY_FOR_MS = 5_000;
const PASSING_FAILURES = /could not create any TCP\/IP sockets|pre-existing shared memory block/;
/** Fast shutdown, then immediate shutdown (with recovery at the next start), then a kill. */
const SHUTDOWN: readonly (readonly [NodeJS.Signals, number])[] = [
  ['SIGINT', 10_000],
  ['SIGQUIT', 5_000],
  ['SIGKILL', 1_000],
];

/**
 * Starts the server on a free port of the loopback interface, and waits until it accepts connections.
 * @throws Error with the last lines of the server's log
 */
export async function launchServer(options: LaunchOptions): Promise<RunningServer> {
  const retryUntil = Date.now() + RETRY_FOR_MS;
  for (;;) {
    const attempt = await launchOnce(options, await freePort());
    if (!('failure' in attempt)) return attempt;
    if (!PASSING_FAILURES.test(attempt.failure) || Date.now() > retryUntil) {
      throw new Error(`PostgreSQL ${options.binaries.version} did not start in ${options.cluster.home}. ${attempt.failure}`);
    }
    await sleep(100);
  }
}

/**
 * Ends a server that outlived the process that started it. A pid file whose pid belongs to another process by now is
 * deleted, because PostgreSQL would take that process for a server. The caller holds the directory's lock.
 */
export async function stopOrphan({ directory }: Cluster, binaries: PostgresBinaries, onProgress: (line: string) => void): Promise<void> {
  const pid = readPidFile(directory)?.pid;
  if (pid === undefined || !isAlive(pid)) return;
  if (!(await isPostgresOn(pid, directory))) {
    rmSync(join(directory, 'postmaster.pid'), { force: true });
    return;
  }
  onProgress(`Stopping a PostgreSQL server (process ${pid}) that was left behind.`);
  for (const [name, patience] of SHUTDOWN) {
    const deadline = Date.now() + patience;
    signal(pid, name, binaries);
    while (Date.now() < deadline) {
      if (!(await isPostgresOn(pid, directory))) return;
      await sleep(20);
    }
  }
  throw new Error(`A PostgreSQL server (process ${pid}) still works in ${directory} and does not stop.`);
}

async function launchOnce(options: LaunchOptions, port: number): Promise<RunningServer | { failure: string }> {
  const { cluster, binaries, account } = options;
  const log = openLog(cluster.log, account);
  const logStart = fstatSync(log).size;
  const lastLines = () => readLog(cluster.log, logStart);
  const watchdog = startWatchdog();
  const paths = handPaths([cluster.directory], account);
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...options.settings,
    port: String(port),
  };
  const child = spawn(
    binaries.program('postgres'),
    ['-D', paths.names[0] ?? cluster.directory, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    // Detached, because Ctrl-C in a terminal must only reach this process: it drains while the database still runs.
    { ...account, detached: true, windowsHide: true, cwd: ROOT_DIRECTORY, stdio: ['ignore', log, log, ...paths.descriptors] },
  );
  if (child.pid !== undefined) watchdog.guard(child.pid, options);
  paths.close();
  closeSync(log);
  child.unref();

  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null; error?: Error }>((resolve) => {
    child.once('exit', (code, name) => {
      resolve({ code, signal: name });
    });
    child.once('error', (error) => {
      resolve({ code: null, signal: null, error });
    });
  });
  let isStopping = false;
  const exited = new Promise<PostgresExit>((resolve) => {
    void ended.then(({ code, signal: name }) => {
      watchdog.dismiss();
      if (!isStopping) resolve({ code, signal: name, log: lastLines() });
    });
  });
  let stopping: Promise<void> | undefined;
  const stop = () =>
    (stopping ??= (async () => {
      isStopping = true;
      await endChild(child, ended, binaries);
      await watchdog.gone;
    })());

  const outcome = await waitUntilReady(child, cluster, ended, options.onProgress);
  if (outcome === 'ready') return { port, exited, stop };
  await stop();
  return {
    failure:
      outcome === 'ended' ? `Its last words:\n${(await ended).error?.message ?? lastLines()}` : `It was not ready in time. ${lastLines()}`,
  };
}

async function waitUntilReady(
  child: ChildProcess,
  { directory }: Cluster,
  ended: Promise<unknown>,
  onProgress: (line: string) => void,
): Promise<'ready' | 'ended' | 'late'> {
  const end = ended.then(() => 'ended' as const);
  const begin = Date.now();
  let isAnnounced = false;
  while (Date.now() - begin < READY_WITHIN_MS) {
    const file = readPidFile(directory);
    if (file?.isReady && file.pid === child.pid) return 'ready';
    if (!isAnnounced && Date.now() - begin > 3_000) {
      isAnnounced = true;
      onProgress('PostgreSQL is still starting; after a crash it first replays its log.');
    }
    if ((await Promise.race([end, sleep(10)])) === 'ended') return 'ended';
  }
  return 'late';
}

async function endChild(child: ChildProcess, ended: Promise<unknown>, binaries: PostgresBinaries): Promise<void> {
  if (child.pid === undefined) return;
  child.ref();
  for (const [name, patience] of SHUTDOWN) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    signal(child.pid, name, binaries);
    const timer = new AbortController();
    await Promise.race([ended, sleep(patience, undefined, { signal: timer.signal }).catch(() => undefined)]);
    timer.abort();
  }
  await ended;
}

/** Sends a Unix signal to PostgreSQL; on Windows pg_ctl does so. */
function signal(pid: number, name: NodeJS.Signals, binaries: PostgresBinaries): void {
  try {
    if (process.platform === 'win32' && name !== 'SIGKILL') {
      execFileSync(binaries.program('pg_ctl'), ['kill', name.slice(3), String(pid)], { windowsHide: true, stdio: 'ignore' });
    } else process.kill(pid, name);
  } catch {
    // It ended meanwhile.
  }
}

/**
 * Starts the process that stops the server when this one is gone, before the server, so that it is always guarded. The
 * watchdog waits for the end of a pipe that only this process holds, and that the system closes when it ends.
 */
function startWatchdog() {
  const watchdog = spawn(process.execPath, [join(import.meta.dirname, 'postgres-watchdog.js')], {
    detached: true,
    windowsHide: true,
    cwd: ROOT_DIRECTORY,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const { stdin } = watchdog;
  const gone = once(watchdog, 'exit').then(
    () => undefined,
    () => undefined,
  );
  stdin.on('error', () => undefined);
  watchdog.unref();
  if (stdin instanceof Socket) stdin.unref();
  return {
    gone,
    guard: (pid: number, { binaries, removeDirectory }: LaunchOptions) => {
      const pgCtl = process.platform === 'win32' ? binaries.program('pg_ctl') : undefined;
      stdin.write(`${JSON.stringify({ pid, pgCtl, removeDirectory })}\n`);
    },
    dismiss: () => {
      watchdog.ref();
      stdin.end('done\n');
    },
  };
}

/** postmaster.pid as documented in PostgreSQL's src/include/utils/pidfile.h: line 1 is the pid, line 8 the status. */
function readPidFile(directory: string): { pid: number; isReady: boolean } | undefined {
  try {
    const lines = readFileSync(join(directory, 'postmaster.pid'), 'utf8').split('\n');
    const pid = Number.parseInt(lines[0] ?? '', 10);
    return pid > 0 ? { pid, isReady: lines[7]?.trim() === 'ready' } : undefined;
  } catch {
    return undefined;
  }
}

function openLog(path: string, account: ServerAccount | undefined): number {
  // The server's account owns the folder: root must not follow a link that it may have put there.
  const flags = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | (process.platform === 'win32' ? 0 : constants.O_NOFOLLOW);
  const log = openSync(path, flags, 0o600);
  if (account) fchownSync(log, account.uid, account.gid);
  if (fstatSync(log).size > LOG_LIMIT_BYTES) ftruncateSync(log);
  return log;
}

/** Reads the last twenty lines after the offset `start`. */
function readLog(path: string, start: number): string {
  try {
    const log = openSync(path, 'r');
    try {
      const from = Math.max(start, fstatSync(log).size - 16_384);
      const buffer = Buffer.alloc(16_384);
      const length = readSync(log, buffer, 0, buffer.length, from);
      return buffer.toString('utf8', 0, length).trim().split('\n').slice(-20).join('\n');
    } finally {
      closeSync(log);
    }
  } catch {
    return '(no log)';
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('The system gave no free port on 127.0.0.1.');
  return address.port;
}
