import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { openStreams, type Streams } from '../../../src/streams/open-streams.js';
import type { EntryId, StreamEntry, StreamStore } from '../../../src/streams/stream-store.js';
import { startTestRedis, type TestRedis, whyNoRedis } from '../../support/redis-server.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { newStreamId, until } from './reading.js';

const missing = whyNoRedis();

(missing === null ? describe : describe.skip)(`streams while Redis fails${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  let redis: TestRedis;
  let proxy: TcpProxy;
  let opened: Streams[] = [];

  const open = async (url = redis.url): Promise<Streams> => {
    const streams = await openStreams(url);
    opened.push(streams);
    return streams;
  };
  const viaProxy = () => `redis://127.0.0.1:${proxy.port}`;

  beforeEach(async () => {
    redis = await startTestRedis();
    proxy = await TcpProxy.open(redis.port);
  });

  afterEach(async () => {
    for (const streams of opened) streams.close();
    opened = [];
    await proxy.close();
    await redis.stop();
  });

  it('Redis killed and started again, empty: readers get everything once, and the writer is told to write again', async () => {
    const [a, b, writing] = await Promise.all([open(), open(), open()]);
    const id = newStreamId();
    const writer = new Writer(writing.store, id);
    const readers = [a, b, a, b].map(({ store }) => new Reader(store, id));
    const pastOutage = new Reader(a.store, newStreamId());
    for (let i = 0; i < 30; i += 1) await writer.write(`before ${i} `);
    await until(() => readers.every(({ text }) => text === writer.text));

    await redis.kill();
    const begin = Date.now();
    await writer.write('lost ');
    await writer.write('and lost ');
    expect(Date.now() - begin).toBeLessThan(4_500);
    expect(writer.results.slice(-2)).toEqual(['failed', 'failed']);
    await redis.restart();
    await until(async () => {
      await writer.write('after ');
      return writer.results.at(-1) === 'appended';
    });
    expect(writer.results).toContain('lost');
    const late = new Reader(b.store, id);
    for (let i = 0; i < 30; i += 1) await writer.write(`after ${i} `);
    await writing.store.end(id, 1);
    for (const reader of [...readers, late]) {
      await reader.done;
      expect(reader.text).toBe(writer.text);
    }
    await writing.store.end(pastOutage.streamId, 1);
    await pastOutage.done;
  });

  it('FLUSHALL in mid-stream: the writer is told, and readers go on where they were', async () => {
    const [a, b, writing] = await Promise.all([open(), open(), open()]);
    const id = newStreamId();
    const writer = new Writer(writing.store, id);
    const readers = [a, b].map(({ store }) => new Reader(store, id));
    for (let i = 0; i < 20; i += 1) await writer.write(`before ${i} `);
    await until(() => readers.every(({ text }) => text === writer.text));
    const admin = new Redis(redis.url);
    await admin.flushall();
    admin.disconnect();
    expect(await a.store.state(id)).toBeNull();
    const late = new Reader(b.store, id);
    for (let i = 0; i < 20; i += 1) await writer.write(`after ${i} `);
    await writing.store.end(id, 1);
    expect(writer.results.filter((result) => result !== 'appended')).toEqual(['lost']);
    for (const reader of [...readers, late]) {
      await reader.done;
      expect(reader.text).toBe(writer.text);
    }
  });

  it('connections cut again and again: readers miss nothing', async () => {
    const [reading, writing] = await Promise.all([open(viaProxy()), open()]);
    const ids = Array.from({ length: 10 }, newStreamId);
    const readers = ids.map((id) => new Reader(reading.store, id));
    const writers = ids.map((id) => new Writer(writing.store, id));
    for (let i = 0; i < 60; i += 1) {
      await Promise.all(writers.map((writer) => writer.write(`${i} `)));
      if (i % 6 === 3) proxy.cut();
      await pause(5);
    }
    await Promise.all(ids.map((id) => writing.store.end(id, 1)));
    for (const [i, reader] of readers.entries()) {
      await reader.done;
      expect(reader.text).toBe(writers[i]?.text);
    }
  });

  it('a connection whose other end is gone is noticed within ten seconds', async () => {
    const [reading, writing] = await Promise.all([open(viaProxy()), open()]);
    const id = newStreamId();
    const writer = new Writer(writing.store, id);
    const reader = new Reader(reading.store, id);
    await writer.write('before ');
    await until(() => reader.text === writer.text);
    proxy.forget();
    const begin = Date.now();
    await writer.write('after');
    await until(() => reader.text === writer.text);
    expect(Date.now() - begin).toBeLessThan(10_000);
    await writing.store.end(id, 1);
    await reader.done;
  });

  it('a Redis that does not answer fails writers within two seconds, and keeps readers waiting', async () => {
    const { store } = await open();
    const id = newStreamId();
    const writer = new Writer(store, id);
    const reader = new Reader(store, id);
    await writer.write('before ');
    redis.freeze();
    const begin = Date.now();
    await expect(store.state(id)).rejects.toThrow();
    await writer.write('while it is frozen ');
    expect(Date.now() - begin).toBeLessThan(4_500);
    redis.thaw();
    await until(async () => {
      await writer.write('after ');
      return writer.results.at(-1) === 'appended';
    });
    await store.end(id, 1);
    await reader.done;
    expect(reader.text).toBe(writer.text);
  });

  it('signals are lost while Redis is away, without an error, and come again', async () => {
    const [here, there] = await Promise.all([open(), open()]);
    const heard: string[] = [];
    here.signals.listen('topic', (message) => heard.push(message));
    await redis.kill();
    there.signals.publish('topic', 'lost');
    await redis.restart();
    await until(() => {
      there.signals.publish('topic', 'back');
      return heard.includes('back');
    });
    expect(heard).not.toContain('lost');
  });
});

/**
 * Writes a text as a worker does: keeps it, and writes all of it again when the store has lost it. n is the length of
 * the text so far.
 */
class Writer {
  text = '';
  readonly results: string[] = [];
  private written: number | null = null;

  constructor(
    private readonly store: StreamStore,
    private readonly streamId: string,
  ) {}

  async write(piece: string): Promise<void> {
    this.text += piece;
    try {
      const first = await this.append(this.written ?? 0);
      if (first === 'lost') await this.append(0);
    } catch {
      this.results.push('failed');
    }
  }

  private async append(from: number): Promise<string> {
    const entry = { attempt: 1, n: this.text.length, data: this.text.slice(from) };
    const result = await this.store.append(this.streamId, [entry], from === 0 ? null : from);
    this.results.push(result);
    if (result === 'appended') this.written = this.text.length;
    return result;
  }
}

/** Joins the text, taking only what is new of each piece, and finds every gap and repetition. */
class Reader {
  text = '';
  readonly done: Promise<void>;
  private last: EntryId | null = null;

  constructor(
    store: StreamStore,
    readonly streamId: string,
  ) {
    this.done = this.read(store);
  }

  private async read(store: StreamStore): Promise<void> {
    for await (const batch of store.read(this.streamId, null, new AbortController().signal))
      batch.forEach((entry) => {
        this.take(entry);
      });
  }

  private take({ attempt, n, data }: StreamEntry): void {
    if (this.last && n <= this.last.n) throw new Error(`${n} after ${this.last.n}`);
    if (n - data.length > this.text.length) throw new Error(`a gap from ${this.text.length} to ${n - data.length}`);
    this.last = { attempt, n };
    this.text += data.slice(this.text.length - (n - data.length));
  }
}
