import { Test } from '@nestjs/testing';
import { ConfigModule } from '../../../src/config/config.module.js';
import { ProcessSignals, ProcessStreams } from '../../../src/streams/process-streams.js';
import { RedisSignals, RedisStreams } from '../../../src/streams/redis-streams.js';
import { Signals } from '../../../src/streams/signals.js';
import { StreamStore } from '../../../src/streams/stream-store.js';
import { StreamsModule } from '../../../src/streams/streams.module.js';
import { testConfig } from '../../support/api.js';
import { startTestRedis, whyNoRedis } from '../../support/redis-server.js';
import { entries, newStreamId } from './reading.js';

const DATABASE_URL = 'postgresql://unused';

const start = async (settings: { REDIS_URL?: string; STREAM_TTL?: string }) => {
  const config = testConfig({ DATABASE_URL, ...settings });
  const module = await Test.createTestingModule({ imports: [ConfigModule.forRoot(config), StreamsModule] }).compile();
  return module.init();
};

it('keeps streams in the process without REDIS_URL, one store for all applications', async () => {
  const [a, b] = await Promise.all([start({}), start({})]);
  expect(a.get(StreamStore)).toBeInstanceOf(ProcessStreams);
  expect(a.get(Signals)).toBeInstanceOf(ProcessSignals);
  expect(b.get(StreamStore)).toBe(a.get(StreamStore));
  await Promise.all([a.close(), b.close()]);
});

const missing = whyNoRedis();

(missing === null ? it : it.skip)(
  `keeps streams in Redis where REDIS_URL is set${missing === null ? '' : ` (skipped: ${missing})`}`,
  async () => {
    const redis = await startTestRedis();
    try {
      const app = await start({ REDIS_URL: redis.url, STREAM_TTL: '100ms' });
      const store = app.get(StreamStore);
      expect(store).toBeInstanceOf(RedisStreams);
      expect(app.get(Signals)).toBeInstanceOf(RedisSignals);
      const id = newStreamId();
      expect(await store.append(id, entries(1, [1]), null)).toBe('appended');
      const waiting = store.read(id, { attempt: 1, n: 1 }, new AbortController().signal).next();
      const refused = expect(waiting).rejects.toThrow('closed');
      await app.close();
      await expect(store.append(id, entries(1, [2]), 1)).rejects.toThrow();
      await refused;
    } finally {
      await redis.stop();
    }
  },
);
