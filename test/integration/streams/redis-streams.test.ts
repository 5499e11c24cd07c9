import { Redis } from 'ioredis';
import { openStreams, type Streams } from '../../../src/streams/open-streams.js';
import type { EntryId } from '../../../src/streams/stream-store.js';
import { describeOn } from '../../support/engines.js';
import { startTestRedis, type TestRedis } from '../../support/redis-server.js';
import { itKeepsLogs } from './log-contract.js';
import { entries, ids, newStreamId, until } from './reading.js';
import { itKeepsTheContract, type Subject } from './stream-contract.js';

describeOn('redis', 'streams in Redis', () => {
  let redis: TestRedis;
  const opened: Streams[] = [];

  beforeAll(async () => {
    redis = await startTestRedis();
  });

  afterEach(() => {
    for (const streams of opened.splice(0)) streams.close();
  });

  afterAll(async () => {
    await redis.stop();
  });

  const subject: Subject = {
    open: async (options) => {
      const streams = await openStreams(redis.url, options);
      opened.push(streams);
      return streams;
    },
  };

  itKeepsTheContract(subject);
  itKeepsLogs(subject);

  it('gives a reader who is a little behind what the process has heard, without asking Redis', async () => {
    const { store } = await subject.open();
    const client = new Redis(redis.url);
    const asked = async () => /cmdstat_xrange:calls=(\d+)/.exec(await client.info('commandstats'))?.[1];
    const take = async (reader: AsyncIterator<readonly EntryId[]>) => {
      const taken = await reader.next();
      return taken.done ? [] : ids(taken.value);
    };
    const { signal } = new AbortController();
    const id = newStreamId();
    await store.append(id, entries(1, [1]), null);
    const slow = store.read(id, null, signal);
    const fast = store.read(id, null, signal);
    for (const reader of [slow, fast]) expect(await take(reader)).toEqual(['1-1']);

    for (const n of [2, 3, 4]) {
      await store.append(id, entries(1, [n]), null);
      expect(await take(fast)).toEqual([`1-${n}`]);
    }
    const before = await asked();
    for (const n of [2, 3, 4]) expect(await take(slow)).toEqual([`1-${n}`]);
    expect(await asked()).toBe(before);

    // Long ones are not kept, and read from Redis.
    for (const n of [5, 6, 7]) {
      await store.append(id, [{ attempt: 1, n, data: 'x'.repeat(10_000) }], null);
      expect(await take(fast)).toEqual([`1-${n}`]);
    }
    expect(await take(slow)).toEqual(['1-5', '1-6', '1-7']);
    expect(await asked()).not.toBe(before);

    const numbers = Array.from({ length: 20 }, (_, i) => i + 8);
    for (const n of numbers) await store.append(id, entries(1, [n]), null);
    await until(async () => (await store.state(id))?.n === 27);
    const rest: string[] = [];
    while (!rest.includes('1-27')) rest.push(...(await take(slow)));
    expect(rest).toEqual(numbers.map((n) => `1-${n}`));
    await Promise.all([slow.return?.(), fast.return?.()]);
    client.disconnect();
  });
});
