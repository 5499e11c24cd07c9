import { type GeminiSimulator, startGeminiSimulator } from '../../../simulators/gemini/gemini-simulator.js';
import { type Journal } from '../../../simulators/gemini/journal.js';
import { SCENARIOS } from '../../../simulators/gemini/scenarios.js';
import { until } from '../../support/until.js';

const HELLO = { contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] };
const HELLO_TEXT =
  'This is a simulated answer by gemini-3.8-flash: no model was asked.\n\nThe conversation has 1 turn: 1 from you, 0 from me.\n\n' +
  'You wrote: “Hello”\n\nThere is no system instruction.\n\nAsk on! 继续吧 🙂';

describe('the Gemini simulator on its wire', () => {
  let simulator: GeminiSimulator;

  beforeAll(async () => {
    simulator = await startGeminiSimulator({ port: 0, latencyMs: 0, chunkMs: 0 });
  });
  beforeEach(() => control('POST', 'reset'));
  afterAll(() => simulator.stop());

  function call(path: string, body?: unknown, headers: Record<string, string> = { 'x-goog-api-key': 'a-key' }): Promise<Response> {
    const init = body === undefined ? {} : { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) };
    return fetch(`${simulator.url}${path}`, { ...init, headers });
  }

  async function generate(body: unknown): Promise<{ status: number; body: unknown }> {
    const response = await call('/v1beta/models/gemini-3.8-flash:generateContent', body);
    return { status: response.status, body: await response.json() };
  }

  async function control(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`${simulator.url}/_simulator/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  }

  const invalid = (field: string, description: string) => ({
    status: 400,
    body: {
      error: {
        code: 400,
        message: `Invalid value at '${field}': ${description}`,
        status: 'INVALID_ARGUMENT',
        details: [{ '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ field, description }] }],
      },
    },
  });

  describe('generating', () => {
    test('a unary answer has text, finish reason, usage, model and an id, the same for the same request', async () => {
      const first = await generate(HELLO);
      expect(first).toEqual({
        status: 200,
        body: {
          candidates: [{ content: { parts: [{ text: HELLO_TEXT }], role: 'model' }, finishReason: 'STOP', index: 0 }],
          usageMetadata: { promptTokenCount: 2, candidatesTokenCount: 48, totalTokenCount: 50 },
          modelVersion: 'gemini-3.8-flash',
          responseId: expect.stringMatching(/^[\w-]{20,}$/) as string,
        },
      });
      expect(await generate(HELLO)).toEqual(first);
    });

    test('a stream is server-sent events without [DONE]; the last has the finish reason and no content', async () => {
      const response = await call('/v1beta/models/gemini-flash-latest:streamGenerateContent?alt=sse', HELLO);
      expect(response.headers.get('content-type')).toBe('text/event-stream');
      const events = (await response.text()).split('\r\n\r\n');
      expect(events.pop()).toBe('');
      const parts = events.map(
        (event) => JSON.parse(event.replace(/^data: /, '')) as { candidates: [{ content?: { parts: [{ text: string }] } }] },
      );
      expect(parts.map(({ candidates }) => candidates[0].content?.parts[0].text ?? '').join('')).toBe(HELLO_TEXT);
      expect(parts[0]?.candidates).toEqual([{ content: { parts: [{ text: 'This is a simulated ' }], role: 'model' }, index: 0 }]);
      expect(parts.at(-1)).toMatchObject({
        candidates: [{ finishReason: 'STOP', index: 0 }],
        usageMetadata: { promptTokenCount: 2, candidatesTokenCount: 48, totalTokenCount: 50 },
      });
    });

    test('countTokens counts what generating would', async () => {
      const response = await call('/v1beta/models/gemini-3.8-flash:countTokens', HELLO);
      expect(await response.json()).toEqual({ totalTokens: 2 });
      const wrapped = await call('/v1beta/models/gemini-3.8-flash:countTokens', { generateContentRequest: HELLO });
      expect(await wrapped.json()).toEqual({ totalTokens: 2 });
    });

    test.each([
      ['contents', 'contents is not specified', {}],
      ['contents', 'contents is not specified', { contents: [] }],
      ['contents[0].role', 'Please use a valid role: user, model.', { contents: [{ role: 'assistant', parts: [{ text: 'a' }] }] }],
      ['contents[0].parts', 'must not be empty', { contents: [{ role: 'user', parts: [] }] }],
      ['contents[0].parts[0].data', "required oneof field 'data' must have one initialized field", { contents: [{ parts: [{}] }] }],
      ['contents[0].parts[0].text', 'is not valid UTF-8', { contents: [{ parts: [{ text: '\ud83d' }] }] }],
      ['system_instruction', 'must be an object', { ...HELLO, systemInstruction: 'Be brief.' }],
      ['temperature', 'Unknown name "temperature": Cannot find field.', { ...HELLO, temperature: 1 }],
      ['generation_config.max_output_tokens', 'must be from 1 to 65536', { ...HELLO, generationConfig: { maxOutputTokens: 0 } }],
      [
        'generation_config.response_mime_type',
        'allowed mimetypes are text/plain, application/json, text/x.enum',
        { ...HELLO, generationConfig: { responseMimeType: 'text/html' } },
      ],
      [
        'generation_config.response_schema',
        'only supported with response_mime_type application/json or text/x.enum',
        { ...HELLO, generationConfig: { responseSchema: { type: 'OBJECT' } } },
      ],
      ['body', 'must be an object', []],
    ])('a bad %s is refused: %s', async (field, description, body) => {
      expect(await generate(body)).toEqual(invalid(field, description));
    });

    test('a body that is no JSON is refused', async () => {
      expect(await generate('{"contents": ')).toEqual({
        status: 400,
        body: { error: { code: 400, message: 'Invalid JSON payload received. (simulated)', status: 'INVALID_ARGUMENT' } },
      });
    });

    test.each([{}, { 'x-goog-api-key': 'invalid' }])('with the key of %j the answer is API_KEY_INVALID', async (headers) => {
      const response = await call('/v1beta/models/gemini-3.8-flash:generateContent', HELLO, headers);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: { status: 'INVALID_ARGUMENT', details: [{ reason: 'API_KEY_INVALID' }] } });
    });

    test('an unknown model, and a route that the API does not have, are 404', async () => {
      const unknown = await call('/v1beta/models/gemini-0:generateContent', HELLO);
      expect([unknown.status, await unknown.json()]).toEqual([
        404,
        { error: { code: 404, message: 'models/gemini-0 is not found for API version v1beta (simulated).', status: 'NOT_FOUND' } },
      ]);
      for (const path of ['/v1beta/models/gemini-3.8-flash:embedContent', '/v1/models']) expect((await call(path, HELLO)).status).toBe(404);
    });
  });

  test('the models and their aliases are listed', async () => {
    const { models } = (await (await call('/v1beta/models')).json()) as { models: { name: string }[] };
    expect(models.map((model) => model.name)).toEqual([
      'models/gemini-3.5-flash-lite',
      'models/gemini-3.8-flash',
      'models/gemini-4-argon',
      'models/gemini-flash-lite-latest',
      'models/gemini-flash-latest',
      'models/gemini-pro-latest',
    ]);
    expect(await (await call('/v1beta/models/gemini-4-argon')).json()).toEqual({
      name: 'models/gemini-4-argon',
      version: '001',
      displayName: 'Gemini 4 Argon (simulated)',
      description: 'A simulated model: it reads what it is sent and answers with words of its own making.',
      inputTokenLimit: 1_048_576,
      outputTokenLimit: 65_536,
      supportedGenerationMethods: ['generateContent', 'countTokens'],
    });
    expect((await call('/v1beta/models/gemini-0')).status).toBe(404);
  });

  describe('control', () => {
    test('the start page lists every scenario and route', async () => {
      const page = (await (await fetch(simulator.url)).json()) as { scenarios: { word: string }[]; routes: object };
      expect(page.scenarios.map(({ word }) => word)).toEqual(Object.keys(SCENARIOS));
      expect(Object.keys(page.routes)).toHaveLength(9);
      expect((await control('GET', 'scenarios')).body).toEqual(page);
    });

    test('a scenario can be ordered for the next calls, whatever they ask', async () => {
      expect((await control('POST', 'next', { scenario: '[[error-503]]', times: 2 })).body).toEqual({ pending: 2 });
      expect((await control('POST', 'next', { scenario: 'rate-limit 2s' })).body).toEqual({ pending: 3 });
      const statuses: number[] = [];
      for (let calls = 0; calls < 4; calls += 1) statuses.push((await generate(HELLO)).status);
      expect(statuses).toEqual([503, 503, 429, 200]);
    });

    test.each([
      ['next', { scenario: 'nonsense' }],
      ['next', { scenario: 'cut', times: 0 }],
      ['next', { scenario: 'cut', times: 10_001 }],
      ['next', null],
      ['settings', { chunkMs: -1 }],
      ['settings', { tokens: 0 }],
      ['settings', { speed: 3 }],
    ])('%s refuses %j', async (path, body) => {
      expect((await control(path === 'next' ? 'POST' : 'PATCH', path, body)).status).toBe(400);
    });

    test('calls are held until they are released, by a reset too; one that leaves is not counted', async () => {
      const open = async () => ((await control('GET', 'requests')).body as ReturnType<Journal['snapshot']>).open;
      expect((await control('POST', 'hold')).body).toEqual({ held: 0 });
      const answers = [generate(HELLO), generate(HELLO)];
      const leaving = new AbortController();
      const path = `${simulator.url}/v1beta/models/gemini-3.8-flash:generateContent`;
      const left = fetch(path, {
        method: 'POST',
        headers: { 'x-goog-api-key': 'a-key' },
        body: JSON.stringify(HELLO),
        signal: leaving.signal,
      }).catch(() => 'left');
      await until('all are taken', async () => (await open()) === 3);
      leaving.abort();
      expect(await left).toBe('left');
      await until('it has left', async () => (await open()) === 2);
      expect((await control('POST', 'release')).body).toEqual({ released: 2 });
      expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200]);
      await control('POST', 'hold');
      const another = generate(HELLO);
      await until('it is taken', async () => (await open()) === 1);
      await control('POST', 'reset');
      expect((await another).status).toBe(200);
      expect((await generate(HELLO)).status).toBe(200);
    });

    test('an answer is held after three chunks until the next release, if none came meanwhile', async () => {
      const path = '/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse';
      const response = await call(path, { contents: [{ role: 'user', parts: [{ text: 'Hello [[hold]] [[long 40]]' }] }] });
      const events = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      const read = async () => {
        const { done, value } = (await events?.read()) ?? { done: true, value: undefined };
        text += value ?? '';
        return done;
      };
      const chunks = () => text.split('data: ').length - 1;
      while (chunks() < 3) await read();
      const rest = read();
      expect(await Promise.race([rest.then(() => 'goes on'), control('GET', 'requests').then(() => 'held')])).toBe('held');
      await control('POST', 'release');
      await rest;
      while (!(await read()));
      expect(chunks()).toBeGreaterThan(4);
      expect(text).toContain('"finishReason":"STOP"');
    });

    test('settings change at run time and come back with a reset', async () => {
      const start = { latencyMs: 0, chunkMs: 0, tokens: null, fileProcessingMs: 0 };
      expect((await control('PATCH', 'settings', { tokens: 50, latencyMs: 1 })).body).toEqual({ ...start, tokens: 50, latencyMs: 1 });
      expect((await generate(HELLO)).body).toMatchObject({ usageMetadata: { candidatesTokenCount: 50 } });
      await control('POST', 'reset');
      expect((await control('GET', 'settings')).body).toEqual(start);
    });

    test('requests are counted and kept with their bodies, never with the key', async () => {
      await generate(HELLO);
      const prompt = { contents: [{ parts: [{ text: '[[error-500 x1]]' }] }] };
      await generate(prompt);
      await generate(prompt);
      const body = (await control('GET', 'requests')).body as ReturnType<Journal['snapshot']>;
      expect(body).toMatchObject({ open: 0, received: 3, answered: 3, aborted: 0, broken: 0 });
      const path = '/v1beta/models/gemini-3.8-flash:generateContent';
      const entry = { method: 'POST', path, purpose: 'reply', outcome: 'answered', at: expect.any(String) as string };
      expect(body.requests).toEqual([
        { ...entry, number: 1, scenario: null, attempt: 1, status: 200, body: JSON.stringify(HELLO) },
        { ...entry, number: 2, scenario: 'error-500', attempt: 1, status: 500, body: JSON.stringify(prompt) },
        { ...entry, number: 3, scenario: null, attempt: 2, status: 200, body: JSON.stringify(prompt) },
      ]);
      expect(JSON.stringify(body)).not.toContain('a-key');
    });

    test('only the newest 100 requests are kept, and only the beginning of a long body', async () => {
      await Promise.all(Array.from({ length: 105 }, () => generate(HELLO)));
      await generate({ contents: [{ parts: [{ text: 'a'.repeat(100_000) }] }] });
      const body = (await control('GET', 'requests')).body as ReturnType<Journal['snapshot']>;
      expect(body).toMatchObject({ received: 106 });
      expect(body.requests).toHaveLength(100);
      expect(body.requests.at(-1)?.number).toBe(106);
      expect(body.requests.at(-1)?.body).toHaveLength(65_536);
    });
  });

  test('it stops while requests are open, and its port is free again', async () => {
    const other = await startGeminiSimulator({ port: 0, latencyMs: 0 });
    const headers = { 'x-goog-api-key': 'a-key' };
    const body = JSON.stringify({ contents: [{ parts: [{ text: '[[hang]]' }] }] });
    const open = fetch(`${other.url}/v1beta/models/gemini-3.8-flash:generateContent`, { method: 'POST', headers, body }).catch(() => 'cut');
    for (let seen = 0; seen === 0;) {
      seen = ((await (await fetch(`${other.url}/_simulator/requests`)).json()) as { open: number }).open;
    }
    await other.stop();
    expect(await open).toBe('cut');
    const again = await startGeminiSimulator({ port: other.port });
    await expect(startGeminiSimulator({ port: other.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await again.stop();
  });
});
