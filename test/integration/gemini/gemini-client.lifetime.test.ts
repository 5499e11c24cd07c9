import { createServer, type RequestListener, type Server } from 'node:http';
import { once } from 'node:events';
import { type AddressInfo } from 'node:net';
import { GeminiClient, type GeminiError } from '../../../src/integrations/gemini/index.js';
import { facts, outcomeOf, requestOf, SimulatedGemini, textOf } from './simulated-gemini.js';

const TIMEOUT = { code: 'model_timeout', retryable: true, retryAfterMs: null, message: 'The model did not answer in time.' };

describe('the lifetime of a call to Gemini', () => {
  let gemini: SimulatedGemini;

  beforeAll(async () => {
    gemini = await SimulatedGemini.start({ chunkMs: 5 });
    // The first call of a process loads what it needs; the deadlines below are for calls.
    await outcomeOf(gemini.client().stream(requestOf('Hello')));
  });
  beforeEach(() => gemini.control('POST', 'reset'));
  afterAll(() => gemini.stop());

  describe('deadlines', () => {
    test('no first byte within the first-token deadline: timeout, and the request is ended', async () => {
      const client = gemini.client({ firstTokenTimeoutMs: 300 });
      expect(await outcomeOf(client.stream(requestOf('[[hang]]')))).toEqual({ events: [], error: TIMEOUT });
      expect(await gemini.idle()).toMatchObject({ received: 1, aborted: 1 });
    });

    test('silence in mid-stream past the idle deadline: timeout, and the request is ended', async () => {
      const client = gemini.client({ idleTimeoutMs: 300 });
      const { events, error } = await outcomeOf(client.stream(requestOf('[[stall]]')));
      expect(events).toHaveLength(3);
      expect(error).toEqual(TIMEOUT);
      expect(await gemini.idle()).toMatchObject({ received: 1, aborted: 1 });
    });

    test('an answer that never pauses but takes too long as a whole: timeout, and the request is ended', async () => {
      const client = gemini.client({ totalTimeoutMs: 500 });
      const { events, error } = await outcomeOf(client.stream(requestOf('[[long 50000]]')));
      expect(events.length).toBeGreaterThan(2);
      expect(error).toEqual(TIMEOUT);
      expect(await gemini.idle()).toMatchObject({ received: 1, aborted: 1 });
    });

    test('a unary call has the total deadline', async () => {
      const client = gemini.client({ totalTimeoutMs: 300 });
      const error: unknown = await client.generate(requestOf('[[hang]]')).catch((reason: unknown) => facts(reason as GeminiError));
      expect(error).toEqual(TIMEOUT);
      expect(await gemini.idle()).toMatchObject({ received: 1, aborted: 1 });
    });

    test('an answer that takes longer than its silence may last is complete', async () => {
      const client = gemini.client({ firstTokenTimeoutMs: 600, idleTimeoutMs: 500 });
      const { events, error } = await outcomeOf(client.stream(requestOf('[[delay 50ms]] [[slow 100ms]]')));
      expect(error).toBeNull();
      expect(events.at(-1)).toMatchObject({ type: 'end', finishReason: 'stop' });
    });

    test('the time that the reader takes is no silence of the model', async () => {
      const client = gemini.client({ idleTimeoutMs: 200 });
      const texts: string[] = [];
      for await (const event of client.stream(requestOf('Hello'))) {
        if (texts.length === 0) await new Promise((resolve) => setTimeout(resolve, 500));
        texts.push(event.type);
      }
      expect(texts.at(-1)).toBe('end');
    });
  });

  describe('leaving', () => {
    test('a reader who leaves in mid-stream ends the request', async () => {
      for await (const event of gemini.client().stream(requestOf('[[long 50000]]'))) if (event.type === 'text') break;
      expect(await gemini.idle()).toMatchObject({ received: 1, aborted: 1 });
    });

    test('a reader who fails in mid-stream ends the request', async () => {
      const reading = (async () => {
        for await (const event of gemini.client().stream(requestOf('[[long 50000]]'))) throw new Error(`no place for ${event.type}`);
      })();
      await expect(reading).rejects.toThrow('no place for text');
      expect(await gemini.idle()).toMatchObject({ received: 1, aborted: 1 });
    });

    test.each([
      ['before the first byte', '[[hang]]'],
      ['in mid-stream', '[[long 50000]]'],
      ['in silence', '[[stall]]'],
    ])('abort %s: the reason is thrown as it is, and the request is ended', async (_when, prompt) => {
      const controller = new AbortController();
      const reason = new Error('cancelled by the user');
      const reading = outcomeOf(gemini.client().stream(requestOf(prompt, { signal: controller.signal })));
      while ((await gemini.journal()).open === 0);
      controller.abort(reason);
      expect((await reading).error).toBe(reason);
      expect(await gemini.idle()).toMatchObject({ received: 1, aborted: 1 });
    });

    test('abort while the reader is busy ends the request at once', async () => {
      const controller = new AbortController();
      const stream = gemini.client().stream(requestOf('[[long 50000]]', { signal: controller.signal }));
      await stream.next();
      controller.abort(new Error('cancelled'));
      expect(await gemini.idle()).toMatchObject({ received: 1, aborted: 1 });
      await expect(stream.next()).rejects.toThrow('cancelled');
      expect(await stream.next()).toEqual({ done: true, value: undefined });
    });

    test('text that was received before an abort is not given after it', async () => {
      const controller = new AbortController();
      const stream = gemini.client().stream(requestOf('[[slow 0ms]] [[long 50000]]', { signal: controller.signal }));
      await stream.next();
      controller.abort(new Error('cancelled'));
      await expect(stream.next()).rejects.toThrow('cancelled');
      expect(await gemini.idle()).toMatchObject({ open: 0, received: 1 });
    });

    test('abort of a unary call throws the reason and ends the request', async () => {
      const controller = new AbortController();
      const call = gemini.client().generate(requestOf('[[hang]]', { signal: controller.signal }));
      const settled = call.catch((error: unknown) => error);
      while ((await gemini.journal()).open === 0);
      const reason = new Error('cancelled');
      controller.abort(reason);
      expect(await settled).toBe(reason);
      expect(await gemini.idle()).toMatchObject({ received: 1, aborted: 1 });
    });

    test('a signal that is aborted already makes no request', async () => {
      const reason = new Error('too late');
      const request = requestOf('Hello', { signal: AbortSignal.abort(reason) });
      expect(await outcomeOf(gemini.client().stream(request))).toEqual({ events: [], error: reason });
      await expect(gemini.client().generate(request)).rejects.toBe(reason);
      expect(await gemini.idle()).toMatchObject({ received: 0 });
    });

    test('nothing stays attached to a signal that outlives its calls', async () => {
      const { signal } = new AbortController();
      const added = jest.spyOn(signal, 'addEventListener');
      const removed = jest.spyOn(signal, 'removeEventListener');
      for (const prompt of ['Hello', '[[error-503]]', '[[truncated]]'])
        await outcomeOf(gemini.client().stream(requestOf(prompt, { signal })));
      expect(added.mock.calls).toHaveLength(3);
      expect(removed.mock.calls.map((call) => call[1])).toEqual(added.mock.calls.map((call) => call[1]));
    });
  });

  test('200 streams at once are each their own answer', async () => {
    const client = gemini.client({ firstTokenTimeoutMs: 20_000, totalTimeoutMs: 25_000 });
    const prompts = Array.from({ length: 200 }, (_, number) => `I am number ${number} 👩‍💻 [[delay 4s]]`);
    const outcomes = await Promise.all(prompts.map((prompt) => outcomeOf(client.stream(requestOf(prompt)))));
    for (const [number, { events, error }] of outcomes.entries()) {
      expect(error).toBeNull();
      expect(textOf(events)).toContain(`You wrote: “${prompts[number]}”`);
      expect(events.at(-1)).toMatchObject({ type: 'end', finishReason: 'stop' });
    }
    const counters = await gemini.idle();
    expect(counters).toMatchObject({ open: 0, received: 200, answered: 200, aborted: 0 });
    expect(counters.peakOpen).toBe(200);
  });

  describe('connections', () => {
    const DEADLINES = { firstTokenTimeoutMs: 5000, idleTimeoutMs: 5000, totalTimeoutMs: 5000 };
    const HI = [
      { type: 'text', text: 'Hi' },
      { type: 'end', finishReason: 'stop', blockReason: null, usage: null, modelVersion: null, webSearch: null, thoughtSignatures: [] },
    ];

    let server: Server;

    async function listening(listener: RequestListener): Promise<GeminiClient> {
      server = createServer(listener).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      return new GeminiClient({ apiKey: 'a-key', baseUrl, ...DEADLINES });
    }

    afterEach(() => {
      server.close();
      server.closeAllConnections();
    });

    test('a connection is used again, and one that the server closes at that moment is worth another try', async () => {
      let answered = 0;
      let sockets = 0;
      const used = new WeakSet();
      const client = await listening((request, response) => {
        if (used.has(request.socket)) {
          request.socket.destroy();
          return;
        }
        used.add(request.socket);
        answered += 1;
        request.resume().once('end', () => {
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          response.end('data: {"candidates": [{"content": {"parts": [{"text": "Hi"}]}, "finishReason": "STOP"}]}\r\n\r\n');
        });
      });
      server.on('connection', () => (sockets += 1));
      // The connection is free again a moment after the end of its answer; until then a new one is opened.
      let outcome = await outcomeOf(client.stream(requestOf('Hello')));
      for (let calls = 1; outcome.error === null && calls < 50; calls += 1) {
        expect(outcome.events).toEqual(HI);
        await new Promise(setImmediate);
        outcome = await outcomeOf(client.stream(requestOf('Hello')));
      }
      expect(outcome).toEqual({
        events: [],
        error: { code: 'model_unavailable', retryable: true, retryAfterMs: null, message: 'The model could not be reached.' },
      });
      expect(answered).toBe(sockets);
      expect(await outcomeOf(client.stream(requestOf('Hello')))).toEqual({ events: HI, error: null });
    });

    test('what breaks after the finish reason takes nothing from the answer', async () => {
      const client = await listening((request, response) => {
        request.resume().once('end', () => {
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          response.write('data: {"candidates": [{"content": {"parts": [{"text": "Hi"}]}, "finishReason": "STOP"}]}\r\n\r\n');
        });
      });
      const events: unknown[] = [];
      for await (const event of client.stream(requestOf('Hello'))) {
        events.push(event);
        server.closeAllConnections();
      }
      expect(events).toEqual(HI);
    });
  });
});
