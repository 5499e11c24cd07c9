import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplicationContext } from '@nestjs/common';
import { stopWorker } from '../../../src/apps/worker/stop-worker.js';
import { describeOn } from '../../support/engines.js';
import { startTestRedis, type TestRedis } from '../../support/redis-server.js';
import { startTestWorker } from '../../support/stack.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.drop());

describeOn('redis', 'a worker stops', () => {
  let redis: TestRedis;
  let worker: INestApplicationContext;

  beforeEach(async () => {
    redis = await startTestRedis();
    worker = await startTestWorker({ DATABASE_URL: database.url, REDIS_URL: redis.url });
  });
  afterEach(() => redis.stop());

  test('while Redis is away, and its connections wait for their next attempt', async () => {
    await redis.kill();
    await sleep(2_000);
    await stopWorker(worker);
  });

  test.each([0, 300, 800, 1_500])('%d ms after Redis has come back', async (ms) => {
    await redis.kill();
    await sleep(2_000);
    await redis.restart();
    await sleep(ms);
    await stopWorker(worker);
  });

  test('while Redis is silent', async () => {
    redis.freeze();
    await sleep(1_000);
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
