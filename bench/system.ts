import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JwtService } from '@nestjs/jwt';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { startEmbeddedPostgres } from '../src/apps/local/postgres/embedded-postgres.js';
import { newId } from '../src/common/ids.js';
import { type Config, loadConfig } from '../src/config/env.js';
import { migrate } from '../src/database/migrate.js';
import { AccessTokensService } from '../src/modules/auth/index.js';
import { freePort } from '../test/support/free-port.js';
import { ManagedProcess } from '../test/support/managed-process.js';
import { startTestRedis } from '../test/support/redis-server.js';
import { until } from '../test/support/until.js';
import { parentOf } from './processes.js';

/** As docker-compose.yml runs it. */
const REDIS_SETTINGS = { appendonly: 'yes', appendfsync: 'everysec' };

/** PostgreSQL's own defaults hold for what makes a commit durable: fsync, full_page_writes and synchronous_commit. */
export const POSTGRES_SETTINGS = { max_connections: '300', shared_buffers: '1GB', max_wal_size: '4GB' };

/** A server process of the measured system, or of what it is compared with. */
export interface Served {
  readonly process: ManagedProcess;
  readonly origin: string;
  readonly metricsOrigin: string;
}

/** A signed-in user of the Pro plan, whom no daily limit stops, with a room. */
export interface BenchUser {
  readonly id: string;
  readonly token: string;
  readonly room: string;
}

/** The simulated model: milliseconds before its first chunk and between two, and the tokens of an answer. */
export interface ModelTimes {
  readonly latencyMs: number;
  readonly chunkMs: number;
  readonly tokens: number;
}

/** PostgreSQL and Redis with production's settings, and the processes that are started on them. */
export interface System {
  readonly pool: Pool;
  readonly redis: Redis;
  readonly redisUrl: string;
  readonly pids: { readonly postgres: number; readonly redis: number };
  readonly versions: { readonly postgres: string; readonly redis: string };
  startApi(settings?: Settings): Promise<Served>;
  startWorker(settings?: Settings): Promise<Served>;
  startModel(times: ModelTimes): Promise<Served>;
  /** Fastify with the same packages and the same pool, without our code (bench/bare.ts). */
  startBare(): Promise<Served>;
  createUsers(count: number): Promise<BenchUser[]>;
  close(): Promise<void>;
}

type Settings = Partial<Record<keyof Config, string>>;

export async function startSystem(): Promise<System> {
  const closing: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    const dataDirectory = mkdtempSync(join(tmpdir(), 'bench-postgres-'));
    const postgres = await startEmbeddedPostgres({ dataDirectory, temporary: true, settings: POSTGRES_SETTINGS });
    closing.push(() => postgres.stop());
    const databaseUrl = postgres.connectionString('postgres');
    await migrate(databaseUrl);
    const pool = new Pool({ connectionString: databaseUrl, max: 5 });
    pool.on('error', () => undefined);
    closing.push(() => pool.end());
    const redisServer = await startTestRedis(REDIS_SETTINGS);
    closing.push(() => redisServer.stop());
    const redis = new Redis(redisServer.url);
    closing.push(() => redis.quit());
    const [server] = (
      await pool.query<{ pid: number; version: string }>(`SELECT pg_backend_pid() AS pid, split_part(version(), ' ', 2) AS version`)
    ).rows;
    const info = await redis.info('server');
    const environment: Settings = {
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisServer.url,
      JWT_SECRET: randomBytes(36).toString('base64'),
      OTP_DELIVERY: 'log',
      // Throttling counts every request and refuses none.
      THROTTLE_USER_LIMIT: '1000000',
      THROTTLE_ADDRESS_LIMIT: '1000000',
      MAX_PENDING_REPLIES: '100000',
      GEMINI_API_KEY: 'simulated',
    };
    const logs = mkdtempSync(join(tmpdir(), 'bench-logs-'));
    closing.push(async () => rm(logs, { recursive: true }));
    const start = async (name: string, main: string, settings: Readonly<Record<string, string>>): Promise<Served> => {
      const [port, metricsPort] = [await freePort(), await freePort()];
      // A request's line goes to a file, so that reading it takes nothing of the processors.
      const log = join(logs, `${name}-${port}`);
      const served = new ManagedProcess({
        name,
        command: ['sh', '-c', 'exec node --enable-source-maps "$1" >"$2"', 'sh', `dist/${main}.js`, log],
        env: { ...environment, PORT: String(port), METRICS_PORT: String(metricsPort), ...settings },
        cwd: process.cwd(),
      });
      closing.push(() => served.kill());
      await served.start();
      const origins = { origin: `http://127.0.0.1:${port}`, metricsOrigin: `http://127.0.0.1:${metricsPort}` };
      const ready = main === 'src/worker' ? `${origins.metricsOrigin}/health/ready` : origins.origin;
      await until(`${name} answers`, async () => {
        if (!served.isRunning)
          throw new Error(`${name} ended: ${readFileSync(log, 'utf8').slice(-2_000)}${served.output.slice(-20).join('\n')}`);
        return (await fetch(ready).catch(() => null)) !== null;
      });
      return { process: served, ...origins };
    };
    return {
      pool,
      redis,
      redisUrl: redisServer.url,
      pids: { postgres: parentOf(server?.pid ?? NaN), redis: Number(/^process_id:(\d+)/m.exec(info)?.[1]) },
      versions: { postgres: server?.version ?? '', redis: /^redis_version:(\S+)/m.exec(info)?.[1] ?? '' },
      startApi: (settings = {}) => start('api', 'src/main', settings),
      startWorker: (settings = {}) => start('worker', 'src/worker', settings),
      startModel: ({ latencyMs, chunkMs, tokens }) =>
        start('model', 'simulators/gemini/main', {
          GEMINI_SIMULATOR_LATENCY_MS: String(latencyMs),
          GEMINI_SIMULATOR_CHUNK_MS: String(chunkMs),
          GEMINI_SIMULATOR_TOKENS: String(tokens),
        }),
      startBare: () => start('bare', 'bench/bare', {}),
      createUsers: (count) => createUsers(pool, loadConfig({ source: environment }), count),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function createUsers(pool: Pool, config: Config, count: number): Promise<BenchUser[]> {
  const tokens = new AccessTokensService(new JwtService({}), config);
  return Promise.all(
    Array.from({ length: count }, async () => {
      const [id, room, sessionId] = [newId(), newId(), newId()];
      const digits = BigInt(`0x${id.replaceAll('-', '').slice(-16)}`) % 10n ** 10n;
      await pool.query(
        `WITH owner AS (
           INSERT INTO users (id, username, mobile_number, verified_at, usage_counted_at) VALUES ($1, $2, $3, now(), now()) RETURNING id
         ), entitlement AS (
           INSERT INTO grants (id, user_id, entitled_until, reason) SELECT $1, id, now() + interval '1 day', 'bench' FROM owner
         ), session AS (
           INSERT INTO sessions (id, user_id, refresh_key, refresh_token_hash, ip, expires_at)
           SELECT $4::uuid, id, sha256(uuid_send($4::uuid)), sha256(uuid_send($4::uuid)), '127.0.0.1', now() + interval '1 day' FROM owner
         )
         INSERT INTO chatrooms (id, user_id, name) SELECT $5, id, 'Bench' FROM owner`,
        [id, `u${id.replaceAll('-', '').slice(-24)}`, `+1${String(digits).padStart(10, '2')}`, sessionId, room],
      );
      return { id, room, token: await tokens.sign({ userId: id, sessionId }) };
    }),
  );
}

/** Fills a room that is empty with exchanges of a usual length. */
export async function fillRoom(pool: Pool, { id, room }: BenchUser, messages: number): Promise<void> {
  await pool.query(
    `INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, parent_id, role, status, content, completed_at)
     SELECT md5($1::text || n)::uuid, $1::text::uuid, $2, n, n, 1, CASE WHEN n > 1 THEN md5($1::text || (n - 1))::uuid END,
       CASE n % 2 WHEN 1 THEN 'user' ELSE 'model' END, 'completed', repeat('word ', 80) || n, now()
     FROM generate_series(1, $3::integer) AS n`,
    [room, id, messages],
  );
  await pool.query(
    `UPDATE chatrooms SET last_position = $2::integer, active_leaf_id = md5($1::text || $2::integer)::uuid, active_leaf_depth = $2::integer, active_run = 1,
       last_message_at = now(), last_activity_at = now() WHERE id = $1::text::uuid`,
    [room, messages],
  );
}
