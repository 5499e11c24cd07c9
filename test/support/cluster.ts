import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/apps/local/postgres/embedded-postgres.js';
import type { Config } from '../../src/config/env.js';
import { ApiClient } from './api.js';
import { freePort } from './free-port.js';
import { ManagedProcess } from './managed-process.js';
import { startTestRedis, type TestRedis } from './redis-server.js';
import { TcpProxy } from './tcp-proxy.js';
import { until } from './until.js';

/** Tests and benchmarks are run from the project's folder. */
const ROOT = process.cwd();
const DATABASE = 'chat';

export interface ClusterOptions {
  readonly apis: number;
  readonly workers: number;
  /** Whether the database has its tables; default: it has. */
  readonly migrated?: boolean;
  /** Folder of the build that the first processes run and that makes the tables; default: this one. */
  readonly release?: string;
  readonly settings?: Partial<Record<keyof Config, string>>;
  /** What the API processes get besides settings. */
  readonly apiEnvironment?: Readonly<Record<string, string>>;
  readonly gemini?: { readonly latencyMs?: number; readonly chunkMs?: number; readonly tokens?: number };
}

/** One API process and a client of it. Its address stays the same over restarts. */
export interface ApiProcess {
  readonly process: ManagedProcess;
  readonly client: ApiClient;
  readonly metricsOrigin: string;
}

/** A PostgreSQL of the cluster's own, behind a proxy: its address stays the same over restarts. */
export interface ClusterPostgres {
  readonly url: string;
  /** As `startEmbeddedPostgres` takes it. */
  readonly dataDirectory: string;
  readonly proxy: TcpProxy;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** One query, past the proxy. */
  query<Row extends object>(sql: string, values?: unknown[]): Promise<Row[]>;
}

/**
 * The system as in production, on this machine: API and worker processes from the build, PostgreSQL, Redis, and a
 * simulated Gemini.
 */
export interface Cluster {
  readonly apis: readonly ApiProcess[];
  readonly workers: readonly ManagedProcess[];
  readonly workerMetricsOrigins: readonly string[];
  readonly postgres: ClusterPostgres;
  readonly redis: TestRedis;
  readonly gemini: ClusterGemini;
  /** Starts another API process from this build; resolves when it is ready. */
  startApi(): Promise<ApiProcess>;
  /** Starts another worker process from this build. */
  startWorker(): Promise<ManagedProcess>;
  close(): Promise<void>;
}

/** The simulated Gemini, and what it is told while it runs. */
export interface ClusterGemini {
  readonly origin: string;
  requests(): Promise<GeminiRequests>;
  /** Lets no call be answered until `release`. */
  hold(): Promise<void>;
  release(): Promise<void>;
}

export interface GeminiRequests {
  readonly received: number;
  readonly answered: number;
  readonly open: number;
  /** The newest 100. */
  readonly requests: readonly { readonly number: number; readonly body: string }[];
}

export async function startCluster({
  apis,
  workers,
  migrated = true,
  release = ROOT,
  settings = {},
  apiEnvironment = {},
  gemini = {},
}: ClusterOptions): Promise<Cluster> {
  const closing: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    const postgres = await startPostgres(closing);
    const redis = await startTestRedis();
    closing.push(() => redis.stop());
    const simulator = await startGemini(gemini, closing);
    const env: Record<string, string> = {
      NODE_ENV: 'test',
      HOST: '127.0.0.1',
      LOG_LEVEL: 'warn',
      DATABASE_URL: postgres.url,
      REDIS_URL: redis.url,
      DATABASE_POOL_SIZE: '20',
      JWT_SECRET: 'only-for-tests-0123456789abcdef-only-for-tests',
      OTP_DELIVERY: 'response',
      REQUIRE_VERIFIED_NUMBER: 'false',
      THROTTLE_ENABLED: 'false',
      GEMINI_API_KEY: 'test-key',
      GEMINI_BASE_URL: simulator,
      ...settings,
    };
    const start = async (folder: string, name: string, main: string, own: Record<string, string>) => {
      const process = new ManagedProcess({
        name,
        command: ['node', '--enable-source-maps', `dist/src/${main}.js`],
        env: { ...env, ...own },
        cwd: folder,
      });
      closing.push(() => process.kill());
      await process.start();
      return process;
    };
    const startApi = async (folder: string, name: string): Promise<ApiProcess> => {
      const [port, metricsPort] = [await freePort(), await freePort()];
      return {
        process: await start(folder, name, 'main', { PORT: String(port), METRICS_PORT: String(metricsPort), ...apiEnvironment }),
        // Another release answers by a contract of its own.
        client: new ApiClient(`http://127.0.0.1:${port}`, { isOfThisRelease: folder === ROOT }),
        metricsOrigin: `http://127.0.0.1:${metricsPort}`,
      };
    };
    if (migrated) {
      const migration = await start(release, 'migrate', 'apps/cli/migrate', {});
      if ((await migration.ended()) !== 0) throw new Error(migration.output.join('\n'));
    }
    const apiProcesses = await Promise.all(Array.from({ length: apis }, (_, i) => startApi(release, `api ${i + 1}`)));
    const workerPorts = await Promise.all(Array.from({ length: workers }, freePort));
    const workerProcesses = await Promise.all(
      workerPorts.map((port, i) => start(release, `worker ${i + 1}`, 'worker', { METRICS_PORT: String(port) })),
    );
    await Promise.all(apiProcesses.map((api) => untilReady(api)));
    return {
      apis: apiProcesses,
      workers: workerProcesses,
      workerMetricsOrigins: workerPorts.map((port) => `http://127.0.0.1:${port}`),
      postgres,
      redis,
      gemini: {
        origin: simulator,
        requests: async () => (await (await fetch(`${simulator}/_simulator/requests`)).json()) as GeminiRequests,
        hold: () => tellGemini(simulator, 'hold'),
        release: () => tellGemini(simulator, 'release'),
      },
      startApi: async () => {
        const api = await startApi(ROOT, 'another api');
        await untilReady(api);
        return api;
      },
      startWorker: async () => start(ROOT, 'another worker', 'worker', { METRICS_PORT: String(await freePort()) }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function tellGemini(simulator: string, what: 'hold' | 'release'): Promise<void> {
  const { ok, status } = await fetch(`${simulator}/_simulator/${what}`, { method: 'POST' });
  if (!ok) throw new Error(`the simulator answered ${status}`);
}

/** Resolves when the API says that it can serve. */
export async function untilReady({ client, process }: Pick<ApiProcess, 'client' | 'process'>, withinMs = 60_000): Promise<void> {
  await until(
    `${process.name} is ready`,
    async () => {
      if (!process.isRunning) throw new Error(`${process.name} ended: ${process.output.slice(-20).join('\n')}`);
      return (await client.get('/health/ready').catch(() => null))?.status === 200;
    },
    withinMs,
    50,
  );
}

async function startPostgres(closing: (() => Promise<unknown>)[]): Promise<ClusterPostgres> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'test-cluster-'));
  let server: EmbeddedPostgres | null = null;
  const proxy = await TcpProxy.open(null);
  const start = async () => {
    server = await startEmbeddedPostgres({
      dataDirectory,
      settings: { max_connections: '300', fsync: 'off', full_page_writes: 'off' },
    });
    proxy.target = server.port;
  };
  const stop = async () => {
    proxy.target = null;
    await server?.stop();
    server = null;
  };
  closing.push(async () => {
    await stop();
    await proxy.close();
    rmSync(dataDirectory, { recursive: true, force: true });
  });
  await start();
  const direct = (database: string) => {
    if (!server) throw new Error('PostgreSQL does not run');
    return server.connectionString(database);
  };
  const query = async <Row extends object>(sql: string, values: unknown[] = [], database = DATABASE): Promise<Row[]> => {
    const client = new Client({ connectionString: direct(database) });
    await client.connect();
    try {
      return (await client.query<Row>(sql, values)).rows;
    } finally {
      await client.end();
    }
  };
  await query(`CREATE DATABASE ${DATABASE}`, [], 'postgres');
  const url = new URL(direct(DATABASE));
  url.port = String(proxy.port);
  return { url: url.href, dataDirectory, proxy, start, stop, query };
}

async function startGemini(
  { latencyMs = 50, chunkMs = 5, tokens = 20 }: NonNullable<ClusterOptions['gemini']>,
  closing: (() => Promise<unknown>)[],
) {
  const port = await freePort();
  const process = new ManagedProcess({
    name: 'gemini simulator',
    command: ['node', 'dist/simulators/gemini/main.js'],
    env: {
      PORT: String(port),
      GEMINI_SIMULATOR_LATENCY_MS: String(latencyMs),
      GEMINI_SIMULATOR_CHUNK_MS: String(chunkMs),
      GEMINI_SIMULATOR_TOKENS: String(tokens),
    },
    cwd: ROOT,
  });
  await process.start();
  closing.push(() => process.kill());
  const origin = `http://127.0.0.1:${port}`;
  await until('the Gemini simulator answers', async () => (await fetch(origin).catch(() => null))?.status === 200);
  return origin;
}
