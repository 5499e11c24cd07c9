import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import fastify, { type FastifyInstance } from 'fastify';
import { PushedEventStream, writeEventStream } from './event-stream.js';

let server: FastifyInstance | null = null;
let socket: Socket | null = null;

afterEach(async () => {
  socket?.destroy();
  await server?.close();
});

interface Served {
  readonly origin: string;
  readonly port: number;
  /** Resolves when the reader is gone or was dropped. */
  readonly closed: Promise<void>;
  /** Cuts the connection, like the end of a session. */
  cut(): void;
  /** Bytes that this process has buffered for the reader. */
  waiting(): number;
}

/** Serves one reader. */
async function serve(frames: () => AsyncIterable<string>, timing: { keepAliveMs?: number; stalledMs?: number } = {}): Promise<Served> {
  const connection = new AbortController();
  let waiting = () => 0;
  const http = fastify();
  http.get('/', (_request, reply) => {
    waiting = () => reply.raw.writableLength;
    const onClose = () => {
      connection.abort();
    };
    void writeEventStream(reply, frames(), (frame) => [frame], { signal: connection.signal, onClose, ...timing });
  });
  server = http;
  const origin = await http.listen({ port: 0, host: '127.0.0.1' });
  const closed = once(connection.signal, 'abort').then(() => undefined);
  return {
    origin,
    port: Number(new URL(origin).port),
    closed,
    cut: () => {
      connection.abort();
    },
    waiting: () => waiting(),
  };
}

test('frames are sent as they are, and a comment now and then while there are none', async () => {
  let comments = 0;
  const { origin } = await serve(
    async function* () {
      yield 'data: 1\n\n';
      while (comments < 3) await pause(1);
      yield 'data: 2\n\n';
    },
    { keepAliveMs: 5 },
  );
  let text = '';
  for await (const chunk of (await fetch(origin)).body ?? []) {
    text += Buffer.from(chunk as Uint8Array).toString();
    comments = text.split(': keep-alive\n\n').length - 1;
  }
  expect(text).toMatch(/^data: 1\n\n(?:: keep-alive\n\n){3,}data: 2\n\n(?:: keep-alive\n\n)*$/);
});

test('a reader that does not read costs no more than its connection holds, and is dropped', async () => {
  const frame = `data: ${'x'.repeat(64 * 1024)}\n\n`;
  let made = 0;
  let mostWaiting = 0;
  const served = await serve(
    async function* () {
      for (;;) {
        mostWaiting = Math.max(mostWaiting, served.waiting());
        made += 1;
        yield await Promise.resolve(frame);
      }
    },
    { keepAliveMs: 1, stalledMs: 300 },
  );
  socket = connect(served.port, '127.0.0.1').pause();
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await served.closed;
  // Besides what the system buffers for the two ends.
  expect(mostWaiting).toBeLessThan(2 * frame.length);
  expect(made * frame.length).toBeLessThan(64 * 1024 * 1024);
});

test('a stream that ends is told from one that is cut: by an error, or by its signal', async () => {
  const one = 'data: 1\n\n';
  const ended = await serve(async function* () {
    yield await Promise.resolve(one);
  });
  expect(await (await fetch(ended.origin)).text()).toBe(one);
  await server?.close();

  const failed = await serve(async function* () {
    yield await Promise.resolve(one);
    throw new Error('no more');
  });
  await expect((await fetch(failed.origin)).text()).rejects.toThrow('terminated');
  await server?.close();

  const cut = await serve(async function* () {
    yield await Promise.resolve(one);
    cut.cut();
  });
  await expect((await fetch(cut.origin)).text()).rejects.toThrow('terminated');
});

describe('a stream whose frames are pushed', () => {
  async function push(
    keepAliveMs?: number,
  ): Promise<{ stream: PushedEventStream; client: Socket; state: { closed: number; slow: number } }> {
    const state = { closed: 0, slow: 0 };
    const http = fastify();
    server = http;
    const opened = new Promise<PushedEventStream>((resolve) => {
      http.get('/', (_request, reply) => {
        const onClose = () => (state.closed += 1);
        const onSlow = () => (state.slow += 1);
        resolve(new PushedEventStream(reply, { onClose, onSlow, ...(keepAliveMs === undefined ? {} : { keepAliveMs }) }));
      });
    });
    const { port } = new URL(await http.listen({ port: 0, host: '127.0.0.1' }));
    const client = connect(Number(port), '127.0.0.1');
    socket = client;
    client.on('error', () => undefined);
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    return { stream: await opened, client, state };
  }
  const closing = async (state: { closed: number }) => {
    while (state.closed === 0) await pause(5);
  };

  test('sends each frame at once, and closes the connection after the last one', async () => {
    const { stream, client, state } = await push();
    let text = '';
    client.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    stream.write('data: 1\n\n');
    stream.end('data: 2\n\n');
    await once(client, 'close');
    expect(text).toMatch(/content-type: text\/event-stream\r\n[^]*data: 1\n\n[^]*data: 2\n\n[^]*\r\n0\r\n\r\n$/);
    await closing(state);
    expect(state).toEqual({ closed: 1, slow: 0 });
  });

  test('writes what a reader has missed, however much it is, and goes on', async () => {
    const { stream, client, state } = await push();
    let text = '';
    client.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    const ended = once(client, 'close');
    const missed = `data: ${'x'.repeat(1_000_000)}\n\n`;
    stream.write(missed);
    while (!text.endsWith('\n\n\r\n')) await Promise.race([pause(1), ended.then(() => Promise.reject(new Error('cut')))]);
    expect(text).toContain(missed);
    stream.write('data: 1\n\n');
    while (!text.endsWith('data: 1\n\n\r\n')) await Promise.race([pause(1), ended.then(() => Promise.reject(new Error('cut')))]);
    expect(state).toEqual({ closed: 0, slow: 0 });
  });

  test('keeps no more for a reader that falls behind, and cuts it', async () => {
    const { stream, client, state } = await push();
    client.pause();
    const { raw } = stream as unknown as { raw: { readonly writableLength: number } };
    for (let frames = 0; state.slow === 0; frames += 1) {
      stream.write(`data: ${'x'.repeat(1_000)}\n\n`);
      expect(raw.writableLength).toBeLessThan(66 * 1_024);
      if (frames % 100 === 0) await pause(1);
    }
    await closing(state);
    expect(state).toEqual({ closed: 1, slow: 1 });
  });

  test('cuts a reader that has taken nothing from one comment to the next', async () => {
    const { stream, client, state } = await push(200);
    client.pause();
    const { raw } = stream as unknown as { raw: { readonly writableLength: number } };
    // Never more than the little that may wait: only that it is still there a comment later cuts the reader.
    while (state.slow === 0) {
      if (raw.writableLength === 0) stream.write(`data: ${'x'.repeat(16_000)}\n\n`);
      await pause(1);
    }
    await closing(state);
    expect(state).toEqual({ closed: 1, slow: 1 });
  });
});
