import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Streams } from '../../../src/streams/open-streams.js';
import type { EventLogOptions } from '../../../src/streams/event-logs.js';
import type { EntryId, StreamEntry, StreamOptions } from '../../../src/streams/stream-store.js';
import { collect, entries, ids, newStreamId, until } from './reading.js';

export interface Subject {
  /** As one process opens it; each call is another process where the store is shared between processes. */
  open(options?: Partial<StreamOptions & EventLogOptions>): Promise<Streams>;
}

const heapUsed = (): number => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};

/** What every stream store keeps, tested from outside. */
export function itKeepsTheContract(subject: Subject): void {
  describe('append', () => {
    it('keeps entries in order, each once, whatever is repeated', async () => {
      const { store } = await subject.open();
      const id = newStreamId();
      expect(await store.append(id, entries(1, [1, 2]), null)).toBe('appended');
      expect(await store.append(id, entries(1, [1, 2]), null)).toBe('appended');
      expect(await store.append(id, entries(1, [2, 5, 9]), 1)).toBe('appended');
      expect(await store.state(id)).toEqual({ attempt: 1, n: 9, ended: false });
      await store.end(id, 1);
      expect(await collect(store, id)).toEqual(entries(1, [1, 2, 5, 9]));
    });

    it('refuses what does not continue the stream: nothing is written', async () => {
      const { store } = await subject.open();
      const id = newStreamId();
      expect(await store.append(id, entries(1, [7]), 6)).toBe('lost');
      expect(await store.state(id)).toBeNull();
      await store.append(id, entries(1, [1, 2]), null);
      expect(await store.append(id, entries(1, [7]), 6)).toBe('lost');
      expect(await store.append(id, entries(2, [7]), 2)).toBe('lost');
      expect(await store.state(id)).toEqual({ attempt: 1, n: 2, ended: false });
    });

    it('lets a newer attempt take the place of an older one, which then can write and end nothing', async () => {
      const { store } = await subject.open();
      const id = newStreamId();
      await store.append(id, entries(1, [1, 2, 3]), null);
      expect(await store.append(id, entries(2, [1]), null)).toBe('appended');
      expect(await store.append(id, entries(1, [4]), 3)).toBe('superseded');
      expect(await store.end(id, 1)).toBe(false);
      expect(await store.state(id)).toEqual({ attempt: 2, n: 1, ended: false });
      await store.end(id, 2);
      expect(await collect(store, id)).toEqual(entries(2, [1]));
    });

    it('adds nothing to an ended attempt, and opens the stream again for a newer one', async () => {
      const { store } = await subject.open();
      const id = newStreamId();
      await store.append(id, entries(1, [1]), null);
      expect(await store.end(id, 1)).toBe(true);
      expect(await store.end(id, 1)).toBe(true);
      expect(await store.append(id, entries(1, [2]), 1)).toBe('superseded');
      expect(await store.state(id)).toEqual({ attempt: 1, n: 1, ended: true });
      expect(await store.append(id, entries(2, [1]), null)).toBe('appended');
      expect(await store.state(id)).toEqual({ attempt: 2, n: 1, ended: false });
    });

    it('stops at the limit of bytes with nothing of that append written, and still ends', async () => {
      const { store } = await subject.open({ maxBytes: 10 });
      const id = newStreamId();
      const entry = (n: number, data: string): StreamEntry[] => [{ attempt: 1, n, data }];
      expect(await store.append(id, entry(1, 'äääää'), null)).toBe('appended');
      expect(await store.append(id, entry(2, 'x'), 1)).toBe('full');
      expect(await store.append(id, entry(1, 'äääää'), null)).toBe('appended');
      expect(await store.end(id, 1)).toBe(true);
      expect(await collect(store, id)).toEqual(entry(1, 'äääää'));
      expect(await store.append(id, [{ attempt: 2, n: 1, data: '1234567890' }], null)).toBe('appended');
    });

    it.each([
      ['none', []],
      ['of two attempts', [...entries(1, [1]), ...entries(2, [2])]],
      ['out of order', entries(1, [2, 1])],
      ['twice the same', entries(1, [1, 1])],
      ['at no place', entries(1, [0])],
      ['at a fraction', entries(1, [1.5])],
      ['of an attempt below zero', entries(-1, [1])],
    ])('refuses entries that are a mistake of the caller: %s', async (_, mistaken) => {
      const { store } = await subject.open();
      const id = newStreamId();
      await expect((async () => store.append(id, mistaken, null))()).rejects.toThrow();
      expect(await store.state(id)).toBeNull();
    });
  });

  describe('read', () => {
    it('gives data back exactly', async () => {
      const { store } = await subject.open();
      const id = newStreamId();
      const written = ['', ' a  b ', '\n\r\t', '"\\', '🙂é\u2028\u0001', '0 1 [2]'].map((data, i) => ({ attempt: 1, n: i + 1, data }));
      const read = collect(store, id);
      for (const entry of written) await store.append(id, [entry], entry.n === 1 ? null : entry.n - 1);
      await store.end(id, 1);
      expect(await read).toEqual(written);
      expect(await collect(store, id)).toEqual(written);
    });

    it('begins after the given id, also where no entry has that id', async () => {
      const { store } = await subject.open();
      const id = newStreamId();
      await store.append(id, entries(3, [2, 4, 6]), null);
      await store.end(id, 3);
      const after = async (id_: EntryId | null) => ids(await collect(store, id, id_));
      expect(await after({ attempt: 3, n: 4 })).toEqual(['3-6']);
      expect(await after({ attempt: 3, n: 5 })).toEqual(['3-6']);
      expect(await after({ attempt: 3, n: 0 })).toEqual(['3-2', '3-4', '3-6']);
      expect(await after({ attempt: 2, n: 100 })).toEqual(['3-2', '3-4', '3-6']);
      expect(await after({ attempt: 3, n: 6 })).toEqual([]);
    });

    it('waits for a stream that does not exist, and goes over to a newer attempt', async () => {
      const { store } = await subject.open();
      const writer = (await subject.open()).store;
      const id = newStreamId();
      const seen: string[] = [];
      const read = collect(store, id, null, { onEntries: (batch) => seen.push(...ids(batch)) });
      await writer.append(id, entries(1, [1, 2]), null);
      await until(() => seen.length === 2);
      await writer.append(id, entries(2, [1]), null);
      await until(() => seen.length === 3);
      await writer.append(id, entries(2, [2]), 1);
      await writer.end(id, 2);
      await read;
      expect(seen).toEqual(['1-1', '1-2', '2-1', '2-2']);
    });

    it('gives a long history whole', async () => {
      const { store } = await subject.open();
      const id = newStreamId();
      const all = entries(
        1,
        Array.from({ length: 1_300 }, (_, i) => i + 1),
      );
      await store.append(id, all, null);
      const live = collect(store, id);
      await store.append(id, entries(1, [1_301]), 1_300);
      await store.end(id, 1);
      expect(await live).toEqual([...all, ...entries(1, [1_301])]);
    });

    it('ends for a reader who waits when the stream ends without an entry', async () => {
      const { store } = await subject.open();
      const id = newStreamId();
      const read = collect(store, id);
      await store.end(id, 0);
      expect(await read).toEqual([]);
      expect(await store.state(id)).toEqual({ attempt: 0, n: 0, ended: true });
    });

    it('ends at once when it is aborted: before, while it waits, between entries', async () => {
      const { store } = await subject.open();
      const id = newStreamId();
      expect(await collect(store, id, null, { signal: AbortSignal.abort() })).toEqual([]);

      const waiting = new AbortController();
      const read = collect(store, id, null, { signal: waiting.signal });
      setImmediate(() => {
        waiting.abort();
      });
      expect(await read).toEqual([]);

      await store.append(
        id,
        entries(
          1,
          Array.from({ length: 600 }, (_, i) => i + 1),
        ),
        null,
      );
      const between = new AbortController();
      const some = await collect(store, id, null, {
        signal: between.signal,
        onEntries: () => {
          between.abort();
        },
      });
      expect(some.length).toBeGreaterThan(0);
      expect(some.length).toBeLessThan(600);
    });

    it('costs a reader who does not ask for more nothing, and goes on where it was', async () => {
      const { store } = await subject.open();
      const id = newStreamId();
      const stop = new AbortController();
      const reader = store.read(id, null, stop.signal);
      await store.append(id, entries(1, [1]), null);
      expect(ids((await reader.next()).value as StreamEntry[])).toEqual(['1-1']);
      for (let n = 2; n <= 50; n += 1) await store.append(id, entries(1, [n]), n - 1);
      await store.append(id, entries(2, [1]), null);
      await store.end(id, 2);
      // Nothing of attempt 1 was kept for it, though it was asked for before.
      expect(ids((await reader.next()).value as StreamEntry[])).toEqual(['2-1']);
      expect((await reader.next()).done).toBe(true);
    });
  });

  describe('many readers', () => {
    it('have no gap and no repetition through 800 reconnects, each to any of two processes', async () => {
      const processes = await Promise.all([subject.open(), subject.open()]);
      const writer = (await subject.open()).store;
      const streamIds = Array.from({ length: 8 }, newStreamId);
      const written = new Map<string, StreamEntry[]>();
      let reconnects = 0;
      let reading = 40;

      const write = async (streamId: string) => {
        const all: StreamEntry[] = [];
        written.set(streamId, all);
        for (let n = 0; reading > 0;) {
          const batch = entries(
            1,
            Array.from({ length: randomInt(1, 4) }, (_, i) => n + i + 1),
          );
          expect(await writer.append(streamId, batch, n === 0 ? null : n)).toBe('appended');
          all.push(...batch);
          n += batch.length;
          await pause(randomInt(1, 6));
        }
        await writer.end(streamId, 1);
      };

      const read = async (streamId: string) => {
        const got: StreamEntry[] = [];
        for (let connection = 0; ; connection += 1) {
          const isLast = connection === 20;
          if (isLast) reading -= 1;
          const patience = isLast ? Infinity : randomInt(0, 8);
          const hangUp = new AbortController();
          const { store } = processes[randomInt(2)] ?? processes[0];
          if (patience === 0)
            setTimeout(
              () => {
                hangUp.abort();
              },
              randomInt(0, 5),
            );
          let taken = 0;
          for await (const batch of store.read(streamId, got.at(-1) ?? null, hangUp.signal)) {
            got.push(...batch);
            taken += 1;
            if (taken >= patience) break;
          }
          if (isLast) return got;
          reconnects += 1;
        }
      };

      const readers = Promise.all(
        Array.from({ length: 40 }, (_, i) => streamIds[i % streamIds.length] ?? '').map(async (streamId) => ({
          streamId,
          got: await read(streamId),
        })),
      );
      await Promise.all(streamIds.map(write));
      for (const { streamId, got } of await readers) expect(got).toEqual(written.get(streamId));
      expect(reconnects).toBe(800);
    });

    it('cost the memory of what is stored, not of what they did not take', async () => {
      const { store } = await subject.open({ maxBytes: 64 * 1024 * 1024 });
      const id = newStreamId();
      const stops = Array.from({ length: 300 }, () => new AbortController());
      const readers = stops.map(({ signal }) => store.read(id, null, signal));
      await store.append(id, entries(1, [1]), null);
      for (const reader of readers) await reader.next();
      const data = 'x'.repeat(10_000);
      const before = heapUsed();
      // 20 MB, and garbage where the collector cannot be run. Kept for each of the readers it would be 6 GB.
      for (let n = 2; n <= 2_001; n += 1) await store.append(id, [{ attempt: 1, n, data }], n - 1);
      expect(heapUsed() - before).toBeLessThan(400 * 1024 * 1024);
      for (const stop of stops) stop.abort();
      expect((await Promise.all(readers.map((reader) => reader.next()))).every(({ done }) => done)).toBe(true);
    });
  });

  describe('life', () => {
    it('forgets a stream some time after its last append', async () => {
      const ttlMs = 1_500;
      const { store } = await subject.open({ ttlMs });
      const id = newStreamId();
      await store.append(id, entries(1, [1]), null);
      // Longer than its life, kept alive by appends, of which each may come a second late on a busy machine.
      let last = Date.now();
      for (let n = 1; n <= 4; n += 1) {
        await pause(ttlMs / 3);
        last = Date.now();
        expect(await store.append(id, entries(1, [n + 1]), n)).toBe('appended');
      }
      await until(async () => (await store.state(id)) === null);
      expect(Date.now() - last).toBeGreaterThanOrEqual(ttlMs - 1);
      expect(await store.append(id, entries(1, [6]), 5)).toBe('lost');
    });

    it('takes what its writer had to write again, further on, for readers who had read of it and for others', async () => {
      const { store } = await subject.open({ ttlMs: 1_000 });
      const id = newStreamId();
      const seen: string[] = [];
      await store.append(id, entries(1, [1, 2]), null);
      const read = collect(store, id, null, { onEntries: (batch) => seen.push(...ids(batch)) });
      await until(async () => seen.length === 2 && (await store.state(id)) === null);
      expect(await store.append(id, entries(1, [3]), 2)).toBe('lost');
      expect(await store.append(id, entries(1, [1_003]), null)).toBe('appended');
      expect(await store.append(id, entries(1, [1_004]), 1_003)).toBe('appended');
      await store.end(id, 1);
      await read;
      expect(seen).toEqual(['1-1', '1-2', '1-1003', '1-1004']);
      expect(ids(await collect(store, id))).toEqual(['1-1003', '1-1004']);
    });

    it('forgets an ended stream sooner', async () => {
      const { store } = await subject.open({ endedTtlMs: 50 });
      const id = newStreamId();
      await store.append(id, entries(1, [1]), null);
      await store.end(id, 1);
      await until(async () => (await store.state(id)) === null);
    });
  });

  describe('erasure', () => {
    it('leaves nothing of a stream, ends its readers, and lets nothing more be written', async () => {
      const { store } = await subject.open();
      const writer = (await subject.open()).store;
      const id = newStreamId();
      await writer.append(id, entries(1, [1, 2]), null);
      const seen: string[] = [];
      const read = collect(store, id, null, { onEntries: (batch) => seen.push(...ids(batch)) });
      await until(() => seen.length === 2);
      await store.erase(id);
      await read;
      expect(await writer.append(id, entries(1, [3]), 2)).toBe('superseded');
      expect(await writer.append(id, entries(2, [1]), null)).toBe('superseded');
      expect(await writer.end(id, 2)).toBe(false);
      expect(await collect(store, id)).toEqual([]);
      await store.erase(id);
      const never = newStreamId();
      await store.erase(never);
      expect(await store.state(never)).toMatchObject({ n: 0, ended: true });
    });
  });

  describe('signals', () => {
    it('reach every listener of a topic in every process, and nobody who left', async () => {
      const here = (await subject.open()).signals;
      const there = (await subject.open()).signals;
      const topic = newStreamId();
      const heard: string[] = [];
      const leave = here.listen(topic, (message) => heard.push(`a ${message}`));
      here.listen(topic, (message) => heard.push(`b ${message}`));
      here.listen(`${topic}-other`, (message) => heard.push(`other ${message}`));
      await until(() => {
        if (!heard.includes('a ready')) there.publish(topic, 'ready');
        return heard.includes('a ready') && heard.includes('b ready');
      });
      leave();
      there.publish(topic, 'bye: é "x"');
      await until(() => heard.includes('b bye: é "x"'));
      expect(heard.filter((message) => !message.endsWith(' ready'))).toEqual(['b bye: é "x"']);
    });
  });
}
