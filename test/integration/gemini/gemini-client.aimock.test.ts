import { LLMock } from '@copilotkit/aimock';
import { GeminiClient, type GeminiError } from '../../../src/integrations/gemini/index.js';
import { PNG } from '../../support/files.js';
import { facts, outcomeOf, requestOf, textOf } from './simulated-gemini.js';

/** A second opinion on the wire: a server that nobody here wrote. */
describe('GeminiClient against aimock', () => {
  const mock = new LLMock({ port: 0, logLevel: 'silent' });
  let client: GeminiClient;

  const content = 'It is 21 °C in Zürich 🌤️, and 你好 to you. '.repeat(5);
  const usage = { promptTokenCount: 7, candidatesTokenCount: 12, totalTokenCount: 19 };
  const tokens = { inputTokens: 7, outputTokens: 12, reasoningTokens: 0, totalTokens: 19 };

  beforeAll(async () => {
    mock.onMessage('weather', { content, usage }, { chunkSize: 7 });
    mock.onMessage('too long', { content: 'It begins', finishReason: 'length', usage });
    mock.onMessage('forbidden', { content: 'I', finishReason: 'content_filter', usage });
    mock.onMessage('think', { content: 'Forty-two.', reasoning: 'Six times nine?', usage });
    mock.onMessage('limited', { error: { message: 'Slow down', type: 'RESOURCE_EXHAUSTED' }, status: 429, retryAfter: 7 });
    mock.onMessage('overloaded', { error: { message: 'No room', type: 'UNAVAILABLE' }, status: 503 });
    mock.onMessage('cut', { content }, { chunkSize: 7, latency: 10, truncateAfterChunks: 3 });
    const baseUrl = await mock.start();
    client = new GeminiClient({ apiKey: 'a-key', baseUrl, firstTokenTimeoutMs: 5000, idleTimeoutMs: 5000, totalTimeoutMs: 10_000 });
  });
  afterAll(() => mock.stop());

  test('a stream, even one that splits surrogate pairs, gives whole characters', async () => {
    const { events, error } = await outcomeOf(client.stream(requestOf('the weather?', { systemInstruction: 'Be brief.' })));
    expect(error).toBeNull();
    expect(events.length).toBeGreaterThan(20);
    for (const event of events) if (event.type === 'text') expect(event.text).not.toMatch(/\p{Surrogate}/u);
    expect(textOf(events)).toBe(content);
    expect(events.at(-1)).toEqual({
      type: 'end',
      finishReason: 'stop',
      blockReason: null,
      usage: tokens,
      modelVersion: null,
      webSearch: null,
      thoughtSignatures: [],
    });
    expect(mock.getLastRequest()?.path).toContain('/v1beta/models/gemini-flash-latest:streamGenerateContent');
    expect((mock.getLastRequest()?.body as { messages: unknown }).messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'the weather?' },
    ]);
  });

  test('a turn with a file is taken, its texts as they were meant (aimock passes no files on)', async () => {
    const files = [{ name: 'cat.png', mediaType: 'image/png', content: PNG }];
    const { events, error } = await outcomeOf(client.stream(requestOf('', { turns: [{ role: 'user', text: 'the weather?', files }] })));
    expect(error).toBeNull();
    expect(textOf(events)).toBe(content);
    expect((mock.getLastRequest()?.body as { messages: unknown }).messages).toEqual([
      { role: 'user', content: 'File "cat.png":the weather?' },
    ]);
  });

  test('a unary call gives the whole answer', async () => {
    expect(await client.generate(requestOf('the weather?'))).toEqual({ text: content, finishReason: 'stop', usage: tokens });
  });

  test('the end of an answer that was cut short or filtered says so', async () => {
    expect((await outcomeOf(client.stream(requestOf('too long')))).events).toEqual([
      { type: 'text', text: 'It begins' },
      { type: 'end', finishReason: 'length', blockReason: null, usage: tokens, modelVersion: null, webSearch: null, thoughtSignatures: [] },
    ]);
    expect((await outcomeOf(client.stream(requestOf('forbidden')))).events).toEqual([
      { type: 'text', text: 'I' },
      {
        type: 'end',
        finishReason: 'content-filter',
        blockReason: 'SAFETY',
        usage: tokens,
        modelVersion: null,
        webSearch: null,
        thoughtSignatures: [],
      },
    ]);
  });

  test('reasoning is no text', async () => {
    expect(textOf((await outcomeOf(client.stream(requestOf('think')))).events)).toBe('Forty-two.');
    expect((await client.generate(requestOf('think'))).text).toBe('Forty-two.');
  });

  test.each([
    [
      'limited',
      { code: 'model_rate_limited', retryable: true, retryAfterMs: 7000, message: 'The model accepts no more requests at present.' },
    ],
    ['overloaded', { code: 'model_overloaded', retryable: true, retryAfterMs: null, message: 'The model is overloaded.' }],
  ])('%s: an error with our code, streamed or not', async (prompt, expected) => {
    expect(await outcomeOf(client.stream(requestOf(prompt)))).toEqual({ events: [], error: expected });
    expect(await client.generate(requestOf(prompt)).catch((error: unknown) => facts(error as GeminiError))).toEqual(expected);
  });

  test('a cut connection is an interruption', async () => {
    const { error } = await outcomeOf(client.stream(requestOf('cut')));
    expect(error).toEqual({
      code: 'stream_interrupted',
      retryable: true,
      retryAfterMs: null,
      message: "The model's answer was interrupted.",
    });
  });
});
