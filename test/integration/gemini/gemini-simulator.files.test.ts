import { FileState, GoogleGenAI, type Part } from '@google/genai';
import { PNG, pdfOf, sha256Of } from '../../support/sample-files.js';
import { until } from '../../support/until.js';
import { SimulatedGemini } from './simulated-gemini.js';

const MODEL = 'gemini-3.8-flash';

/** The simulator through Google's own SDK. */
describe('files at the Gemini simulator', () => {
  let gemini: SimulatedGemini;
  let ai: GoogleGenAI;

  beforeAll(async () => {
    gemini = await SimulatedGemini.start();
    ai = new GoogleGenAI({ apiKey: 'a-key', vertexai: false, httpOptions: { baseUrl: gemini.url, fetch } });
  });
  beforeEach(() => gemini.control('POST', 'reset'));
  afterAll(() => gemini.stop());

  const inline = (mimeType: string, bytes: Buffer): Part => ({ inlineData: { mimeType, data: bytes.toString('base64') } });
  const turn = (...parts: Part[]) => [{ role: 'user', parts }];
  const answer = async (...parts: Part[]) => (await ai.models.generateContent({ model: MODEL, contents: turn(...parts) })).text;
  const count = async (...parts: Part[]) => (await ai.models.countTokens({ model: MODEL, contents: turn(...parts) })).totalTokens;
  const upload = (bytes: Buffer, mimeType: string) => ai.files.upload({ file: new Blob([Uint8Array.from(bytes)]), config: { mimeType } });
  const errorOf = (promise: Promise<unknown>) =>
    promise.then(
      () => null,
      (error: unknown) => JSON.parse((error as Error).message) as unknown,
    );
  const refusal = (code: number, status: string, message: string) => ({ error: { code, message: `${message} (simulated)`, status } });

  test('the answer says what was received: type, bytes, hash, pages of a PDF, first words of a text', async () => {
    const pdf = pdfOf(3);
    const text = Buffer.from('Roses are red,\nviolets are blue');
    const said = await answer({ text: 'photo.png' }, inline('image/png', PNG), inline('application/pdf', pdf), inline('text/plain', text), {
      text: 'What is this?',
    });
    expect(said).toContain('You wrote: “What is this?”');
    expect(said).toContain(
      [
        'I was given 3 files.',
        `In turn 1: image/png, ${PNG.length} bytes, SHA-256 ${sha256Of(PNG)}, inline, captioned “photo.png”.`,
        `In turn 1: application/pdf, ${pdf.length} bytes, 3 pages, SHA-256 ${sha256Of(pdf)}, inline.`,
        `In turn 1: text/plain, ${text.length} bytes, SHA-256 ${sha256Of(text)}, inline, it begins “Roses are red, violets are blue”.`,
      ].join('\n\n'),
    );
  });

  test('a picture counts 1,120 tokens, a page 560, a text a quarter of its characters', async () => {
    expect(await count({ text: 'Look' }, inline('image/png', PNG))).toBe(1 + 1_120);
    expect(await count({ text: 'Read' }, inline('application/pdf', pdfOf(7)))).toBe(1 + 7 * 560);
    expect(await count({ text: 'Read' }, inline('text/plain', Buffer.from('a'.repeat(402))))).toBe(1 + 101);
  });

  test.each<[string, Part, string]>([
    ['a type that no model takes', inline('image/gif', PNG), 'Unsupported MIME type: image/gif'],
    ['a picture that is none', inline('image/png', pdfOf(1)), 'Unable to process input image.'],
    ['a PDF that is none', inline('application/pdf', PNG), 'The document has no pages.'],
    [
      'what is no base64',
      { inlineData: { mimeType: 'image/png', data: 'a b*c' } },
      "Invalid value at 'contents[0].parts[0].inline_data.data': Base64 decoding failed",
    ],
    ['a file that says so', inline('text/plain', Buffer.from('[[file-refused]]')), 'Unable to process input image.'],
  ])('%s is refused', async (_name, part, message) => {
    expect(await errorOf(answer(part))).toMatchObject({ error: { code: 400, message: expect.stringContaining(message) as string } });
  });

  test('a request of more than 20 MiB is refused, base64 included', async () => {
    const most = Buffer.concat([PNG, Buffer.alloc(15_000_000)]);
    expect(await answer(inline('image/png', most))).toContain(sha256Of(most));
    const error = await errorOf(answer(inline('image/png', Buffer.concat([most, Buffer.alloc(1_000_000)]))));
    expect(error).toEqual(refusal(400, 'INVALID_ARGUMENT', 'Request payload size exceeds the limit: 20971520 bytes.'));
  });

  test('an upload in pieces gives a file with an address that a turn can name, until it is deleted', async () => {
    const bytes = Buffer.concat([PNG, Buffer.alloc(20_000_000, 7)]);
    const file = await upload(bytes, 'image/png');
    const { name = '', uri = '' } = file;
    expect(file).toMatchObject({ mimeType: 'image/png', sizeBytes: '20000070', state: 'ACTIVE' });
    expect(Date.parse(file.expirationTime ?? '') - Date.parse(file.createTime ?? '')).toBe(48 * 60 * 60 * 1000);
    expect(await ai.files.get({ name })).toMatchObject({ name, uri });
    const said = await answer({ fileData: { fileUri: uri, mimeType: 'image/png' } }, { text: 'Look' });
    expect(said).toContain(`In turn 1: image/png, 20000070 bytes, SHA-256 ${sha256Of(bytes)}, by the Files API.`);
    const uploads = (await gemini.journal()).requests.filter(({ path }) => path === '/upload/v1beta/files');
    expect(uploads).toHaveLength(1 + 3);
    await ai.files.delete({ name });
    const gone = refusal(
      403,
      'PERMISSION_DENIED',
      `You do not have permission to access the File ${name.slice('files/'.length)} or it may not exist.`,
    );
    expect(await errorOf(answer({ fileData: { fileUri: uri } }))).toEqual(gone);
    expect(await errorOf(ai.files.get({ name }))).toEqual(gone);
  });

  test('files expire by control, and by the word of a prompt that names them', async () => {
    const first = await upload(PNG, 'image/png');
    expect(await gemini.control('POST', 'expire-files')).toEqual({ status: 200, body: { expired: 1 } });
    expect(await errorOf(answer({ fileData: { fileUri: first.uri ?? '' } }))).toMatchObject({ error: { code: 403 } });
    const second = await upload(PNG, 'image/png');
    const third = await upload(PNG, 'image/png');
    const named = { fileData: { fileUri: second.uri ?? '' } };
    expect(await errorOf(answer(named, { text: '[[file-expired x1]]' }))).toMatchObject({ error: { code: 403 } });
    expect(await errorOf(answer(named, { text: 'Look' }))).toMatchObject({ error: { code: 403 } });
    expect(await answer({ fileData: { fileUri: third.uri ?? '' } }, { text: '[[file-expired x1]]' })).toContain('I was given 1 file.');
  });

  test('a file is PROCESSING for a while, by a setting or by its own words, and then ACTIVE or FAILED', async () => {
    await gemini.control('PATCH', 'settings', { fileProcessingMs: 60_000 });
    const { name = '', uri = '', state } = await upload(PNG, 'image/png');
    expect(state).toBe('PROCESSING');
    expect(await errorOf(answer({ fileData: { fileUri: uri } }))).toEqual(
      refusal(400, 'FAILED_PRECONDITION', `The File ${name.slice('files/'.length)} is not in an ACTIVE state and usage is not allowed.`),
    );
    const brief = await upload(Buffer.from('[[file-processing 50ms]]'), 'text/plain');
    expect(brief.state).toBe('PROCESSING');
    await until('it is active', async () => (await ai.files.get({ name: brief.name ?? '' })).state === FileState.ACTIVE);
    const failing = await upload(Buffer.from('[[file-processing 0]] [[file-failed]]'), 'text/plain');
    expect(failing).toMatchObject({ state: 'FAILED', error: { message: 'The file could not be processed. (simulated)' } });
  });

  test('words of a prompt without files do not act', async () => {
    const words = '[[file-refused]] [[file-processing]] [[file-expired]] [[file-failed]]';
    expect(await answer({ text: words })).toContain('This is a simulated answer');
  });

  test('the journal keeps requests without the bytes of their files', async () => {
    await answer(inline('image/png', Buffer.concat([PNG, Buffer.alloc(100_000)])), { text: 'Look' });
    const [entry] = (await gemini.idle()).requests;
    expect(entry?.body).toContain('"data":"(133428 characters)"');
    expect(entry?.body).toContain('"text":"Look"');
  });
});
