import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { deltaPosition } from '../src/modules/messages/stream/stream-position.js';
import { openStreams } from '../src/streams/open-streams.js';
import { cpuOf, memoryOf } from './processes.js';
import type { ReadersOrder, ReadersReport } from './readers.js';
import { type Measured, median, quantile } from './results.js';
import { type Served, startSystem } from './system.js';

const READERS = 5_000;
const STREAMS = 50;
const APPEND_EVERY_MS = 500;
const SECONDS = 6;
const ROUNDS = 3;
/** About fifteen tokens. */
const WORDS = 'words '.repeat(10);

interface FanOut {
  /** CPU time of one delivered frame in microseconds. */
  readonly cpu: number;
  readonly framesPerSecond: number;
  readonly late: readonly number[];
}

/**
 * Measures five thousand readers of fifty growing replies in one API process, beside a bare server that writes what one
 * Redis subscription brings to the same number of connections.
 */
export async function measureReaders(): Promise<Measured[]> {
  const system = await startSystem();
  const streams = await openStreams(system.redisUrl);
  const children: ChildProcess[] = [];
  try {
    const [api, bare] = [await system.startApi({ MAX_STREAMS: '10000' }), await system.startBare()];
    const users = await system.createUsers(STREAMS);
    const replies = await Promise.all(
      users.map(async (user) => {
        const sent = await fetch(`${api.origin}/chatroom/${user.room}/message`, {
          method: 'POST',
          headers: { authorization: `Bearer ${user.token}`, 'content-type': 'application/json' },
          body: JSON.stringify({ content: 'What should I see in Kyoto?' }),
        });
        return { ...user, id: ((await sent.json()) as { reply: { id: string } }).reply.id };
      }),
    );
    /** Starts the process of a server's readers. */
    const openReaders = async (server: Served, pathOf: (reply: (typeof replies)[number]) => string) => {
      const child = fork(fileURLToPath(new URL('readers.js', import.meta.url)));
      children.push(child);
      const memory = () => (memoryOf(server.process.pid).now * 1_024) / READERS;
      const before = memory();
      /** Kilobytes that the server has taken for each reader. */
      const grown = () => memory() - before;
      const order: ReadersOrder = {
        origin: server.origin,
        streams: Array.from({ length: READERS }, (_, i) => replies[i % STREAMS])
          .filter((reply) => reply !== undefined)
          .map((reply) => ({ path: pathOf(reply), token: reply.token })),
      };
      child.send(order);
      await answerOf(child);
      return { server, child, opened: grown(), grown };
    };
    const ours = await openReaders(api, ({ room, id }) => `/chatroom/${room}/message/${id}/stream`);
    const theirs = await openReaders(bare, ({ id }) => `/stream/${id}`);
    const lengths = new Map<string, number>();
    const append = async (id: string) => {
      const data = `${WORDS} at=${Date.now()} `;
      const end = (lengths.get(id) ?? 0) + data.length;
      lengths.set(id, end);
      await streams.store.append(id, [{ attempt: 1, n: deltaPosition(end), data }], null);
    };
    /** Appends to all streams for a while: both servers deliver every piece. */
    const measure = async (): Promise<[ours: FanOut, bare: FanOut]> => {
      await Promise.all([reportOf(ours.child), reportOf(theirs.child)]);
      const before = [ours, theirs].map(({ server }) => cpuOf(server.process.pid));
      const until = Date.now() + SECONDS * 1_000;
      for (let due = Date.now(); due < until; due += APPEND_EVERY_MS) {
        await Promise.all(replies.map(({ id }) => append(id)));
        await pause(Math.max(0, due + APPEND_EVERY_MS - Date.now()));
      }
      await pause(500);
      const costOf = async ({ server, child }: typeof ours, cpu = NaN): Promise<FanOut> => {
        const { frames, late } = await reportOf(child);
        return { cpu: ((cpuOf(server.process.pid) - cpu) / frames) * 1_000, framesPerSecond: frames / SECONDS, late };
      };
      return [await costOf(ours, before[0]), await costOf(theirs, before[1])];
    };
    // The first round is for the compilers.
    await measure();
    const rounds: { readonly ours: FanOut; readonly bare: FanOut }[] = [];
    while (rounds.length < ROUNDS) {
      const [measured, bareMeasured] = await measure();
      rounds.push({ ours: measured, bare: bareMeasured });
    }
    const late = rounds.flatMap((round) => round.ours.late);
    return [
      {
        what: `${READERS} readers of ${STREAMS} replies in one process: CPU of a bare fan-out for a frame, beside ours`,
        value: median(rounds.map((round) => round.bare.cpu / round.ours.cpu)),
        unit: '×',
        target: {
          is: '≥',
          limit: 0.8,
          remedy:
            'Fewer promises for a reader and a frame: three of ours, of an iterator and a generator, where the bare server has a callback.',
        },
      },
      { what: 'CPU for a delivered frame', value: median(rounds.map((round) => round.ours.cpu)), unit: 'µs', target: null },
      { what: 'CPU for a frame of the bare fan-out', value: median(rounds.map((round) => round.bare.cpu)), unit: 'µs', target: null },
      { what: 'frames delivered a second', value: median(rounds.map((round) => round.ours.framesPerSecond)), unit: '', target: null },
      { what: 'from the append to the reader, p50', value: quantile(late, 0.5), unit: 'ms', target: null },
      { what: 'from the append to the reader, p99', value: quantile(late, 0.99), unit: 'ms', target: null },
      {
        what: 'memory of a reader, when all are open',
        value: ours.opened,
        unit: 'KB',
        target: {
          is: '≤',
          limit: 30,
          remedy: 'What Node and Fastify keep of a request to its end, two AbortControllers and a generator.',
        },
      },
      { what: 'the same of the bare fan-out', value: theirs.opened, unit: 'KB', target: null },
      {
        what: 'memory of a reader after the load, with what waits for the garbage collector',
        value: ours.grown(),
        unit: 'KB',
        target: null,
      },
      { what: 'the same of the bare fan-out', value: theirs.grown(), unit: 'KB', target: null },
    ];
  } finally {
    for (const child of children) child.kill();
    streams.close();
    await system.close();
  }
}

async function reportOf(child: ChildProcess): Promise<ReadersReport> {
  child.send('report');
  return (await answerOf(child)) as ReadersReport;
}

/** The next message of the readers. @throws Error when they ended instead */
async function answerOf(child: ChildProcess): Promise<unknown> {
  const ended = new AbortController();
  const onExit = () => {
    ended.abort(new Error('The readers ended.'));
  };
  child.once('exit', onExit);
  try {
    return ((await once(child, 'message', { signal: ended.signal })) as [unknown])[0];
  } finally {
    child.off('exit', onExit);
  }
}
