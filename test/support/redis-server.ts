import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { freePort } from './free-port.js';
import { whyNot } from './programs.js';

/** A Redis of this test's own, empty and, unless its settings say otherwise, without persistence. */
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
  return whyNot('redis-server');
}

/** Settings of Redis, as in redis.conf. */
type RedisSettings = Readonly<Record<string, string>>;

/**
 * Starts a redis-server from PATH on a free port of the loopback interface. It dies with this process, however that
 * ends.
 */
export async function startTestRedis(settings: RedisSettings = {}): Promise<TestRedis> {
  const directory = mkdtempSync(join(tmpdir(), 'test-redis-'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let server = await launch(port, directory, settings);
  return {
    url,
    port,
    kill: () => server.end(),
    freeze: () => process.kill(server.pid, 'SIGSTOP'),
    thaw: () => process.kill(server.pid, 'SIGCONT'),
    restart: async () => {
      await server.end();
      server = await launch(port, directory, settings);
    },
    stop: async () => {
      await server.end();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Ends the server when its standard input ends, whose other end only the tests' process holds. */
const WATCHDOG = '"$@" >/dev/null 2>&1 & pid=$!; echo $pid; cat >/dev/null; kill -9 $pid 2>/dev/null; wait $pid 2>/dev/null';

async function launch(port: number, directory: string, settings: RedisSettings): Promise<{ pid: number; end(): Promise<void> }> {
  const options = { bind: '127.0.0.1', port, dir: directory, save: '', appendonly: 'no', 'maxmemory-policy': 'noeviction', ...settings };
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
