import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplicationContext } from '@nestjs/common';
import { stopWorker } from '../../../src/apps/worker/stop-worker.js';
import { QUEUE_WORKERS } from '../../../src/queue/worker-options.js';
import { CapturedLog } from '../../support/captured-log.js';
import { describeOn } from '../../support/engines.js';
import { startTestRedis, type TestRedis } from '../../support/redis-server.js';
import { startTestWorker } from '../../support/stack.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { until } from '../../support/until.js';

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.drop());

describeOn('redis', 'a worker stops', () => {
  let redis: TestRedis;
  let log: CapturedLog;
  let worker: INestApplicationContext;

  beforeEach(async () => {
    redis = await startTestRedis();
    log = new CapturedLog();
    worker = await startTestWorker({ DATABASE_URL: database.url, REDIS_URL: redis.url, LOG_LEVEL: 'warn' }, log);
  });
  afterEach(() => redis.stop());

  /** Resolves when all queues of the worker have lost their connections. */
  const loseRedis = async () => {
    await redis.kill();
    const lost = () => log.lines.filter(({ msg }) => msg?.startsWith('gemini-chat:worker:')).length;
    await until('the connections are lost', () => lost() === Object.keys(QUEUE_WORKERS).length);
  };

  test('while Redis is away, and its connections wait for their next attempt', async () => {
    await loseRedis();
    await stopWorker(worker);
  });

  // Connections come back one by one meanwhile, each at its next attempt.
  test.each([0, 300, 800, 1_500])('%d ms after Redis has come back', async (ms) => {
    await loseRedis();
    await redis.restart();
    await sleep(ms);
    await stopWorker(worker);
  });

  test('while Redis is silent', async () => {
    redis.freeze();
    await stopWorker(worker);
    redis.thaw();
  });
});

test('a worker whose database has gone silent gives up stopping after a while, so that the process ends', async () => {
  const url = new URL(database.url);
  const proxy = await TcpProxy.open(Number(url.port));
  url.port = String(proxy.port);
  const worker = await startTestWorker({ DATABASE_URL: url.href, DRAIN_SECONDS: '0' });
  proxy.freeze();
  await expect(stopWorker(worker)).rejects.toThrow('has not stopped within 15 s');
  await proxy.close();
});
