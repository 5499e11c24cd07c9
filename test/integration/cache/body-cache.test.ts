import { Test, type TestingModule } from '@nestjs/testing';
import { BodyCache } from '../../../src/cache/body-cache.js';
import { CacheModule } from '../../../src/cache/cache.module.js';
import { ConfigModule } from '../../../src/config/config.module.js';
import { testConfig } from '../../support/api.js';
import { until } from '../../support/until.js';
import { describeOn, ENGINES, settingsOf, startEngine } from '../../support/engines.js';
import type { TestRedis } from '../../support/redis-server.js';

const TTL_MS = 600_000;
const OWNER = 'ada';

async function openCache(redis: TestRedis | null): Promise<{ module: TestingModule; cache: BodyCache }> {
  const config = testConfig({ DATABASE_URL: 'postgres://127.0.0.1:1/none', ...settingsOf(redis) });
  const module = await Test.createTestingModule({ imports: [ConfigModule.forRoot(config), CacheModule] }).compile();
  await module.init();
  return { module, cache: module.get(BodyCache) };
}

for (const engine of ENGINES) {
  describeOn(engine, `the cache in ${engine}`, () => {
    let redis: TestRedis | null;
    let module: TestingModule;
    let cache: BodyCache;
    beforeAll(async () => {
      redis = await startEngine(engine);
      ({ module, cache } = await openCache(redis));
    });
    afterAll(async () => {
      await module.close();
      await redis?.stop();
    });

    test('a body is made once and then found, byte for byte', async () => {
      const body = JSON.stringify({ text: 'Ünïcödé "quotes" \\ \n 👩‍🚀' });
      expect(await cache.getOrMake(OWNER, 'bytes', TTL_MS, () => Promise.resolve(body))).toEqual({ body, source: 'stored' });
      expect(await cache.getOrMake(OWNER, 'bytes', TTL_MS, () => Promise.reject(new Error('made again')))).toEqual({ body, source: 'hit' });
    });

    test('keys do not share bodies', async () => {
      await cache.getOrMake(OWNER, 'one', TTL_MS, () => Promise.resolve('1'));
      expect(await cache.getOrMake(OWNER, 'two', TTL_MS, () => Promise.resolve('2'))).toEqual({ body: '2', source: 'stored' });
    });

    test("an owner's bodies are forgotten for good, and nobody else's", async () => {
      const ask = async (owner: string, body: string) =>
        Promise.all(['a', 'b'].map(async (key) => (await cache.getOrMake(owner, key, TTL_MS, () => Promise.resolve(body))).body));
      const owners = ['mine', 'm*', 'min[e]', 'min'];
      for (const owner of owners) await ask(owner, 'old');
      for (const owner of owners) {
        await cache.forget(owner);
        const others = owners.slice(owners.indexOf(owner) + 1);
        expect(await ask(owner, 'new')).toEqual(['new', 'new']);
        for (const other of others) expect(await ask(other, 'new')).toEqual(['old', 'old']);
      }
      expect(await ask('mine', 'newer')).toEqual(['newer', 'newer']);
    });

    test('a body that was being made while its owner was forgotten is not kept', async () => {
      let finish: (body: string) => void = () => undefined;
      const making = new Promise<string>((resolve) => (finish = resolve));
      const began = jest.fn();
      const answer = cache.getOrMake('leaver', 'list', TTL_MS, () => {
        began();
        return making;
      });
      await until('it is being made', () => began.mock.calls.length > 0);
      await cache.forget('leaver');
      finish('of the leaver');
      expect(await answer).toEqual({ body: 'of the leaver', source: 'not_stored' });
      expect(await cache.getOrMake('leaver', 'list', TTL_MS, () => Promise.resolve('anew'))).toEqual({
        body: 'anew',
        source: 'not_stored',
      });
    });

    test('an empty body is a body', async () => {
      await cache.getOrMake(OWNER, 'empty', TTL_MS, () => Promise.resolve(''));
      expect(await cache.getOrMake(OWNER, 'empty', TTL_MS, () => Promise.resolve('other'))).toEqual({ body: '', source: 'hit' });
    });

    test('a body is gone after its time', async () => {
      await cache.getOrMake(OWNER, 'short', 50, () => Promise.resolve('old'));
      await until('the body is made anew', async () => {
        const { body } = await cache.getOrMake(OWNER, 'short', 50, () => Promise.resolve('new'));
        return body === 'new';
      });
    });

    test('500 who miss at the same time make one body', async () => {
      let made = 0;
      const answers = await Promise.all(
        Array.from({ length: 500 }, () =>
          cache.getOrMake(OWNER, 'stampede', TTL_MS, () => {
            made += 1;
            return Promise.resolve('body');
          }),
        ),
      );
      expect(made).toBe(1);
      expect(new Set(answers.map(({ body }) => body))).toEqual(new Set(['body']));
    });

    test('a body that cannot be made is an error for all who asked, and is not kept', async () => {
      const failing = () => Promise.reject(new Error('no'));
      await expect(cache.getOrMake(OWNER, 'failing', TTL_MS, failing)).rejects.toThrow('no');
      expect(await cache.getOrMake(OWNER, 'failing', TTL_MS, () => Promise.resolve('made'))).toEqual({ body: 'made', source: 'stored' });
    });
  });
}

describeOn('redis', 'the cache while Redis is away', () => {
  let redis: TestRedis;
  let module: TestingModule;
  let cache: BodyCache;
  beforeEach(async () => {
    redis = (await startEngine('redis')) as TestRedis;
    ({ module, cache } = await openCache(redis));
    await cache.getOrMake(OWNER, 'before', TTL_MS, () => Promise.resolve('body'));
  });
  afterEach(async () => {
    await module.close();
    await redis.stop();
  });

  /** How long a request takes, at worst. */
  const timed = async (key: string) => {
    const started = performance.now();
    const answer = await cache.getOrMake(OWNER, key, TTL_MS, () => Promise.resolve('made'));
    return { ...answer, ms: performance.now() - started };
  };

  const recovers = () =>
    until(
      'the cache is used again',
      async () => (await cache.getOrMake(OWNER, 'after', TTL_MS, () => Promise.resolve('made'))).source === 'hit',
    );

  test.each(['killed', 'frozen'] as const)('%s: a miss without a wait for its return, and used again when it is back', async (how) => {
    if (how === 'killed') await redis.kill();
    else redis.freeze();
    const slowest = Math.max(...(await Promise.all(['a', 'b'].map(timed))).map(({ ms }) => ms), (await timed('c')).ms);
    // Each attempt has 250 ms; the rest is for machines that are busy.
    expect(slowest).toBeLessThan(1_000);
    expect(await timed('d')).toMatchObject({ body: 'made', source: 'not_stored' });
    expect(await timed('before')).toMatchObject({ body: 'body', source: 'hit' });
    if (how === 'killed') await redis.restart();
    else redis.thaw();
    await recovers();
  });

  test('a connection whose other end went silent is replaced within 10 s', async () => {
    // Stands for a host that vanished: the old connection is never answered again, new ones are.
    const { TcpProxy } = await import('../../support/tcp-proxy.js');
    const proxy = await TcpProxy.open(redis.port);
    const half = await openCache({ ...redis, url: `redis://127.0.0.1:${proxy.port}` });
    try {
      let n = 0;
      const store = async () => (await half.cache.getOrMake(OWNER, `half ${(n += 1)}`, TTL_MS, () => Promise.resolve('body'))).source;
      expect(await store()).toBe('stored');
      proxy.forget();
      const started = performance.now();
      await until('the cache is used again', async () => (await store()) === 'stored');
      expect(performance.now() - started).toBeLessThan(10_000);
    } finally {
      await half.module.close();
      await proxy.close();
    }
  });
});
