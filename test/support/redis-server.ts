import { spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { freePort } from './free-port.js';

/** A Redis of this test's own, empty and without persistence. */
export interface TestRedis {
  readonly url: string;
  readonly port: number;
  /** As a crash: SIGKILL. */
  kill(): Promise<void>;
  /** Suspends the process: connections stay, nothing is answered. */
  freeze(): void;
  thaw(): void;
  /** Starts it again on its port, empty. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Why there is no Redis to test with; null when there is one. */
export function whyNoRedis(): string | null {
  if (process.platform === 'win32') return 'Redis does not run on Windows';
  const found = (process.env['PATH'] ?? '').split(delimiter).some((folder) => isExecutable(join(folder, 'redis-server')));
  return found ? null : 'no redis-server on PATH';
}

/**
 * Starts a redis-server from PATH on a free port of the loopback interface. It dies with this process, however that
 * ends.
 */
export async function startTestRedis(): Promise<TestRedis> {
  const directory = mkdtempSync(join(tmpdir(), 'test-redis-'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let server = await launch(port, directory);
  return {
    url,
    port,
    kill: () => server.end(),
    freeze: () => process.kill(server.pid, 'SIGSTOP'),
    thaw: () => process.kill(server.pid, 'SIGCONT'),
    restart: async () => {
      await server.end();
      server = await launch(port, directory);
    },
    stop: async () => {
      await server.end();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Ends the server when its standard input ends, whose other end only the tests' process holds. */
const WATCHDOG = '"$@" >/dev/null 2>&1 & pid=$!; echo $pid; cat >/dev/null; kill -9 $pid 2>/dev/null; wait $pid 2>/dev/null';

async function launch(port: number, directory: string): Promise<{ pid: number; end(): Promise<void> }> {
  const options = { bind: '127.0.0.1', port, dir: directory, save: '', appendonly: 'no', 'maxmemory-policy': 'noeviction' };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const watchdog = spawn('/bin/sh', ['-c', WATCHDOG, 'sh', 'redis-server', ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  const exited = once(watchdog, 'exit');
  const lines = createInterface(watchdog.stdout)[Symbol.asyncIterator]();
  const pid = Number((await lines.next()).value);
  await untilReady(port, pid);
  return {
    pid,
    end: async () => {
      watchdog.stdin.end();
      await exited;
    },
  };
}

async function untilReady(port: number, pid: number): Promise<void> {
  const retryStrategy = (times: number) => (times < 500 ? 20 : null);
  const client = new Redis({ host: '127.0.0.1', port, retryStrategy, maxRetriesPerRequest: null });
  client.on('error', () => undefined);
  try {
    await client.ping();
  } catch (error) {
    throw new Error(`redis-server (process ${pid}) did not answer on port ${port}`, { cause: error });
  } finally {
    client.disconnect();
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
