/**
 * How many replies can stream at once: writers that append every 40 ms and readers of their streams, all in this
 * process without Redis, in one process for each side with it. Prints what arrives, how late, and what it costs.
 *
 *     npx swc src bench --out-dir dist && node dist/bench/streams.js [writers] [readers] [seconds] [redis url]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { openStreams } from '../src/streams/open-streams.js';
import type { StreamStore } from '../src/streams/stream-store.js';

const APPEND_EVERY_MS = 40;
/** About ten tokens. */
const PIECE = 'x'.repeat(40);

const [writers = 1_000, readers = 1_000, seconds = 10] = process.argv.slice(2, 5).map(Number);
const url = process.argv[5];
const side = process.argv[6];
const streamIds = Array.from({ length: writers }, (_, i) => `bench-${i}`);

async function write(store: StreamStore): Promise<void> {
  const took: number[] = [];
  let failed = 0;
  const until = Date.now() + seconds * 1_000;
  const writer = async (streamId: string) => {
    await pause(Math.random() * APPEND_EVERY_MS);
    let n = 0;
    for (let due = performance.now(); Date.now() < until; due += APPEND_EVERY_MS) {
      const begin = performance.now();
      const result = await store
        .append(streamId, [{ attempt: 1, n: n + 1, data: `${Date.now()} ${PIECE}` }], n || null)
        .catch(() => 'failed');
      took.push(performance.now() - begin);
      if (result === 'appended') n += 1;
      else failed += 1;
      await pause(Math.max(due + APPEND_EVERY_MS - performance.now(), 0));
    }
    await store.end(streamId, 1);
  };
  await Promise.all(streamIds.map(writer));
  report('writers', { 'appends/s': Math.round(took.length / seconds), failed, ...quantiles('append', took) });
}

async function read(store: StreamStore): Promise<void> {
  const late: number[] = [];
  let gaps = 0;
  const reader = async (streamId: string) => {
    let last = 0;
    for await (const batch of store.read(streamId, null, new AbortController().signal)) {
      for (const { n, data } of batch) {
        if (n !== last + 1) gaps += 1;
        last = n;
        late.push(Date.now() - Number(data.slice(0, data.indexOf(' '))));
      }
    }
  };
  await Promise.all(Array.from({ length: readers }, (_, i) => reader(streamIds[i % writers] ?? '')));
  report('readers', { 'entries/s': Math.round(late.length / seconds), gaps, ...quantiles('delivery', late) });
}

function quantiles(name: string, values: number[]): Record<string, number> {
  values.sort((a, b) => a - b);
  const at = (part: number) => Math.round((values[Math.floor(values.length * part)] ?? NaN) * 10) / 10;
  return { [`${name} p50 ms`]: at(0.5), [`${name} p99 ms`]: at(0.99), [`${name} max ms`]: at(0.999999) };
}

function report(who: string, numbers: Record<string, number>): void {
  const { user, system } = process.cpuUsage();
  const cost = { 'cpu %': Math.round((user + system) / seconds / 10_000), 'rss MB': Math.round(process.memoryUsage().rss / 1024 / 1024) };
  console.log(who, JSON.stringify({ ...numbers, ...cost }));
}

if (url === undefined) {
  const { store } = await openStreams(undefined);
  await Promise.all([read(store), write(store)]);
} else if (side === undefined) {
  const sides = ['read', 'write'].map((name) => fork(process.argv[1] ?? '', [...[writers, readers, seconds].map(String), url, name]));
  await Promise.all(sides.map((child) => once(child, 'exit')));
} else {
  const streams = await openStreams(url);
  if (side === 'write') {
    // The readers are there first.
    await pause(1_000);
    await write(streams.store);
  } else await read(streams.store);
  streams.close();
}
