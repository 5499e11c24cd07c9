import { Redis } from 'ioredis';
import { startTestApi, type TestApi } from '../../support/api.js';
import { describeOn } from '../../support/engines.js';
import { startTestRedis, type TestRedis } from '../../support/redis-server.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { until } from '../../support/until.js';

const OK = { status: 'ok', checks: { postgresql: 'ok', redis: 'ok' } };
const DEGRADED = { status: 'degraded', checks: { postgresql: 'ok', redis: 'unavailable' } };

describeOn('redis', 'readiness', () => {
  let database: TestDatabase;
  let redis: TestRedis;
  let direct: Redis;
  let api: TestApi;
  beforeAll(async () => {
    database = await createTestDatabase();
    redis = await startTestRedis();
    direct = new Redis(redis.url);
    api = await startTestApi({ DATABASE_URL: database.url, REDIS_URL: redis.url });
  });
  afterAll(async () => {
    await api.close();
    direct.disconnect();
    await redis.stop();
    await database.drop();
  });

  const ready = async () => {
    const { status, body } = await api.get('/health/ready');
    return [status, body];
  };

  test.each<[how: string, begin: () => Promise<unknown>, end: () => Promise<unknown>]>([
    ['is full', () => direct.config('SET', 'maxmemory', '1'), () => direct.config('SET', 'maxmemory', '0')],
    ['is a replica', () => direct.replicaof('127.0.0.1', 9), () => direct.replicaof('NO', 'ONE')],
    [
      'lacks its replicas',
      () => direct.config('SET', 'min-replicas-to-write', '1'),
      () => direct.config('SET', 'min-replicas-to-write', '0'),
    ],
  ])('is degraded while Redis %s, and whole again after it', async (_how, begin, end) => {
    expect(await ready()).toEqual([200, OK]);
    await begin();
    expect(await direct.ping()).toBe('PONG');
    expect(await ready()).toEqual([200, DEGRADED]);
    await end();
    await until('it takes writes again', async () => JSON.stringify(await ready()) === JSON.stringify([200, OK]));
  });
});
