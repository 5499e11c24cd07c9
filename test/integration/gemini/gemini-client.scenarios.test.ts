import { GeminiError, type GenerateEvent } from '../../../src/integrations/gemini/index.js';
import { facts, outcomeOf, requestOf, SimulatedGemini, textOf } from './simulated-gemini.js';

/** What the simulator's answers begin with, chunk by chunk. */
const FIRST_CHUNKS: GenerateEvent[] = [
  { type: 'text', text: 'This is a simulated ' },
  { type: 'text', text: 'answer by gemini-3.8-flash: no ' },
  { type: 'text', text: 'model was asked.\n\nThe ' },
];
const MODEL = 'gemini-3.8-flash';

const RATE_LIMITED = { code: 'model_rate_limited', retryable: true, message: 'The model accepts no more requests at present.' };
const INTERRUPTED = { code: 'stream_interrupted', retryable: true, retryAfterMs: null, message: "The model's answer was interrupted." };
const UNAVAILABLE = { code: 'model_unavailable', retryable: true, retryAfterMs: null, message: 'The model could not be reached.' };
const OVERLOADED = { code: 'model_overloaded', retryable: true, retryAfterMs: null, message: 'The model is overloaded.' };
const REJECTED = { code: 'request_rejected', retryable: false, retryAfterMs: null, message: 'The model refused the request.' };
const MISCONFIGURED = {
  code: 'model_misconfigured',
  retryable: false,
  retryAfterMs: null,
  message: 'The model is not configured correctly.',
};

describe('GeminiClient against the simulator', () => {
  let gemini: SimulatedGemini;

  beforeAll(async () => {
    gemini = await SimulatedGemini.start();
  });
  beforeEach(() => gemini.control('POST', 'reset'));
  afterEach(async () => {
    expect(await gemini.idle()).toMatchObject({ open: 0 });
  });
  afterAll(() => gemini.stop());

  const usage = (prompt: string, outputTokens: number, reasoningTokens = 0) => {
    const inputTokens = Math.ceil(prompt.length / 4);
    return { inputTokens, outputTokens, reasoningTokens, totalTokens: inputTokens + outputTokens + reasoningTokens };
  };

  test('a stream gives the text in pieces, then one end with usage and the model behind the alias', async () => {
    const { events, error } = await outcomeOf(gemini.client().stream(requestOf('Hello 👩‍💻')));
    expect(error).toBeNull();
    const text =
      'This is a simulated answer by gemini-3.8-flash: no model was asked.\n\nThe conversation has 1 turn: 1 from you, 0 from me.\n\n' +
      'You wrote: “Hello 👩‍💻”\n\nThere is no system instruction.\n\nAsk on! 继续吧 🙂';
    expect(textOf(events)).toBe(text);
    expect(events.slice(0, 3)).toEqual(FIRST_CHUNKS);
    expect(events.slice(3, -1).map((event) => event.type)).toEqual(Array(events.length - 4).fill('text'));
    const end = {
      finishReason: 'stop',
      blockReason: null,
      usage: usage('Hello 👩‍💻', Math.ceil(text.length / 4)),
      modelVersion: MODEL,
      webSearch: null,
      thoughtSignatures: [],
    };
    expect(events.at(-1)).toEqual({ type: 'end', ...end });
    expect(await gemini.idle()).toMatchObject({ open: 0, peakOpen: 1, received: 1, answered: 1, aborted: 0, broken: 0 });
  });

  test('the history and the system instruction reach the model', async () => {
    const turns = [
      { role: 'user', text: 'My name is Ada.' },
      { role: 'model', text: 'Hello Ada.' },
      { role: 'user', text: 'What is my name?' },
    ] satisfies { role: 'user' | 'model'; text: string }[];
    const { events } = await outcomeOf(
      gemini.client().stream(requestOf('', { turns, systemInstruction: 'Be brief.', maxOutputTokens: 300 })),
    );
    expect(textOf(events)).toBe(
      'This is a simulated answer by gemini-3.8-flash: no model was asked.\n\nThe conversation has 3 turns: 2 from you, 1 from me.\n\n' +
        'You wrote: “What is my name?”\n\nBefore that you wrote: “My name is Ada.”\n\nMy last answer began: “Hello Ada.”\n\n' +
        'The system instruction is: “Be brief.”\n\nAsk on! 继续吧 🙂',
    );
    const { requests } = await gemini.journal();
    expect(requests[0]?.path).toBe('/v1beta/models/gemini-flash-latest:streamGenerateContent');
    expect(JSON.parse(requests[0]?.body ?? '')).toEqual({
      contents: turns.map(({ role, text }) => ({ role, parts: [{ text }] })),
      systemInstruction: { role: 'user', parts: [{ text: 'Be brief.' }] },
      generationConfig: { maxOutputTokens: 300 },
    });
  });

  test('without a system instruction none is sent', async () => {
    await outcomeOf(gemini.client().stream(requestOf('Hello')));
    const { requests } = await gemini.journal();
    expect(JSON.parse(requests[0]?.body ?? '')).toEqual({
      contents: [{ role: 'user', parts: [{ text: 'Hello' }] }],
      generationConfig: { maxOutputTokens: 65_536 },
    });
  });

  test.each([
    ['safety', 'content-filter', 'SAFETY'],
    ['max-tokens', 'length', null],
  ])('[[%s]]: what was written stays, and the end says %s', async (word, finishReason, blockReason) => {
    const prompt = `Hello [[${word}]]`;
    const { events, error } = await outcomeOf(gemini.client().stream(requestOf(prompt)));
    expect(error).toBeNull();
    expect(events).toEqual([
      ...FIRST_CHUNKS,
      { type: 'end', finishReason, blockReason, usage: usage(prompt, 19), modelVersion: MODEL, webSearch: null, thoughtSignatures: [] },
    ]);
  });

  test.each([
    ['RECITATION', 'content-filter', 'RECITATION'],
    ['LANGUAGE', 'other', null],
    ['A_REASON_OF_NEXT_YEAR', 'other', null],
  ])('finishReason %s is %s', async (reason, finishReason, blockReason) => {
    const { events } = await outcomeOf(gemini.client().stream(requestOf(`[[finish ${reason}]]`)));
    expect(events.at(-1)).toMatchObject({ type: 'end', finishReason, blockReason });
  });

  test('a blocked prompt ends at once as content-filter with the reason', async () => {
    const prompt = 'Hello [[blocked-prompt JAILBREAK]]';
    const { events, error } = await outcomeOf(gemini.client().stream(requestOf(prompt)));
    expect(error).toBeNull();
    expect(events).toEqual([
      {
        type: 'end',
        finishReason: 'content-filter',
        blockReason: 'JAILBREAK',
        usage: usage(prompt, 0),
        modelVersion: MODEL,
        webSearch: null,
        thoughtSignatures: [],
      },
    ]);
  });

  test('an answer without text is an end alone', async () => {
    const { events } = await outcomeOf(gemini.client().stream(requestOf('[[empty]]')));
    expect(events).toEqual([
      {
        type: 'end',
        finishReason: 'stop',
        blockReason: null,
        usage: usage('[[empty]]', 0),
        modelVersion: MODEL,
        webSearch: null,
        thoughtSignatures: [],
      },
    ]);
  });

  test('thoughts alone that used the output limit up are an end by length without text', async () => {
    const { events } = await outcomeOf(gemini.client().stream(requestOf('[[thinking]] [[empty MAX_TOKENS]]')));
    expect(events.slice(-1)).toMatchObject([{ type: 'end', finishReason: 'length', usage: { outputTokens: 0, reasoningTokens: 21 } }]);
    expect(textOf(events)).toBe('');
  });

  test('reasoning is no text, and is counted apart', async () => {
    const plain = await outcomeOf(gemini.client().stream(requestOf('[[thinkin_]]')));
    const { events, error } = await outcomeOf(gemini.client().stream(requestOf('[[thinking]]')));
    expect(error).toBeNull();
    expect(textOf(events)).toBe(textOf(plain.events).replace('thinkin_', 'thinking'));
    const outputTokens = Math.ceil(textOf(events).length / 4);
    expect(events.at(-1)).toMatchObject({ finishReason: 'stop', usage: usage('[[thinking]]', outputTokens, 21) });
  });

  test('maxOutputTokens cuts the answer as length', async () => {
    const { events } = await outcomeOf(gemini.client().stream(requestOf('[[long 1000]]', { maxOutputTokens: 100 })));
    expect(textOf(events)).toHaveLength(400);
    expect(events.at(-1)).toMatchObject({ type: 'end', finishReason: 'length', usage: usage('[[long 1000]]', 100) });
  });

  test.each([
    ['rate-limit', { ...RATE_LIMITED, retryAfterMs: 1000 }],
    ['rate-limit 23s', { ...RATE_LIMITED, retryAfterMs: 23_000 }],
    ['rate-limit 99999999999999s', { ...RATE_LIMITED, retryAfterMs: 86_400_000 }],
    [
      'quota-exhausted',
      { code: 'model_quota_exhausted', retryable: false, retryAfterMs: 23_000, message: 'The quota of the model for today is used up.' },
    ],
    ['bad-key', MISCONFIGURED],
    ['error-400', REJECTED],
    ['error-403', MISCONFIGURED],
    ['error-404', MISCONFIGURED],
    ['error-408', UNAVAILABLE],
    ['error-499', UNAVAILABLE],
    ['poison', REJECTED],
    ['retry-after 23', { ...OVERLOADED, retryAfterMs: 23_000 }],
    ['retry-after 99999999999999', { ...OVERLOADED, retryAfterMs: 86_400_000 }],
    ['error-500', UNAVAILABLE],
    ['error-502', UNAVAILABLE],
    ['error-503', OVERLOADED],
    ['error-504', UNAVAILABLE],
    ['reset', UNAVAILABLE],
  ])('[[%s]] gives no event, streamed or not', async (words, expected) => {
    expect(await outcomeOf(gemini.client().stream(requestOf(`Hello [[${words}]]`)))).toEqual({ events: [], error: expected });
    const unary: unknown = await gemini
      .client()
      .generate(requestOf(`Hello [[${words}]]`))
      .catch((error: unknown) => facts(error as GeminiError));
    expect(unary).toEqual(expected);
  });

  test.each([
    ['slow 20ms]] [[cut', INTERRUPTED],
    ['truncated', INTERRUPTED],
    ['half-event', INTERRUPTED],
    ['malformed', INTERRUPTED],
    ['error-in-stream', OVERLOADED],
    ['error-in-stream 500', UNAVAILABLE],
    ['error-in-stream 429', { ...RATE_LIMITED, retryAfterMs: null }],
  ])('[[%s]] gives the events so far and then the error', async (words, expected) => {
    expect(await outcomeOf(gemini.client().stream(requestOf(`Hello [[${words}]]`)))).toEqual({ events: FIRST_CHUNKS, error: expected });
  });

  test('a limited scenario ends after its attempts, so that a retry succeeds', async () => {
    const attempt = () => outcomeOf(gemini.client().stream(requestOf('Hello [[slow 20ms]] [[error-503 x2]] [[cut x3]]')));
    expect(await attempt()).toEqual({ events: [], error: OVERLOADED });
    expect(await attempt()).toEqual({ events: [], error: OVERLOADED });
    expect(await attempt()).toEqual({ events: FIRST_CHUNKS, error: INTERRUPTED });
    expect((await attempt()).events.at(-1)).toMatchObject({ type: 'end', finishReason: 'stop' });
  });

  test('an unknown model is a matter of configuration, not of the request', async () => {
    const { events, error } = await outcomeOf(gemini.client().stream(requestOf('Hello', { model: 'gemini-0' })));
    expect({ events, error }).toEqual({ events: [], error: MISCONFIGURED });
  });

  test('a key that the vendor does not take is a matter of configuration, and in no message', async () => {
    const client = gemini.client({ apiKey: 'invalid' });
    expect(await outcomeOf(client.stream(requestOf('Hello')))).toEqual({ events: [], error: MISCONFIGURED });
  });

  test('the words of the vendor are in the cause alone', async () => {
    const error: unknown = await gemini
      .client()
      .generate(requestOf('[[error-503]]'))
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(GeminiError);
    expect(String(error)).toBe('GeminiError: The model is overloaded.');
    expect(String((error as GeminiError).cause)).toContain('Please try again later');
  });

  test('the environment does not choose another backend or address', async () => {
    const before = { ...process.env };
    Object.assign(process.env, { GOOGLE_GENAI_USE_VERTEXAI: 'true', GOOGLE_GENAI_USE_ENTERPRISE: 'true', GOOGLE_API_KEY: 'invalid' });
    try {
      expect((await outcomeOf(gemini.client().stream(requestOf('Hello')))).events.at(-1)).toMatchObject({ finishReason: 'stop' });
    } finally {
      process.env = before;
    }
  });

  test('nobody listens: unavailable', async () => {
    const closed = await SimulatedGemini.start();
    await closed.stop();
    expect(await outcomeOf(closed.client().stream(requestOf('Hello')))).toEqual({ events: [], error: UNAVAILABLE });
  });

  describe('generate', () => {
    test('gives the whole text', async () => {
      const answer = await gemini.client().generate(requestOf('Hello'));
      const { events } = await outcomeOf(gemini.client().stream(requestOf('Hello')));
      expect(answer).toEqual({ text: textOf(events), finishReason: 'stop', usage: usage('Hello', Math.ceil(textOf(events).length / 4)) });
    });

    test('asks for an answer in JSON, and gives it as it is', async () => {
      const systemInstruction = 'Write a title for this conversation.';
      const answerSchema = { title: 'The title.' };
      const answer = await gemini.client().generate(requestOf('User: Hello', { systemInstruction, answerSchema }));
      expect(answer).toMatchObject({ text: '{"title":"Hello (simulated)"}', finishReason: 'stop' });
    });

    test('leaves reasoning out', async () => {
      const answer = await gemini.client().generate(requestOf('[[thinking]]'));
      expect(answer.text).toMatch(/^This is a simulated answer/);
      expect(answer.usage).toMatchObject({ reasoningTokens: 21 });
    });

    test('a blocked prompt is content-filter without text', async () => {
      expect(await gemini.client().generate(requestOf('[[blocked-prompt]]'))).toEqual({
        text: '',
        finishReason: 'content-filter',
        usage: usage('[[blocked-prompt]]', 0),
      });
    });

    test.each([
      ['truncated', INTERRUPTED],
      ['cut', UNAVAILABLE],
      ['half-event', UNAVAILABLE],
      ['malformed', UNAVAILABLE],
    ])('[[%s]] is no answer', async (word, expected) => {
      const error: unknown = await gemini
        .client()
        .generate(requestOf(`Hello [[${word}]]`))
        .catch((reason: unknown) => facts(reason as GeminiError));
      expect(error).toEqual(expected);
    });
  });
});
