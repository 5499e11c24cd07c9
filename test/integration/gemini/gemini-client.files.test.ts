import { setTimeout } from 'node:timers/promises';
import { GeminiError, GeminiFilesClient, type ModelTurn, type RemoteFile, type TurnFile } from '../../../src/integrations/gemini/index.js';
import { PNG, pdfOf, sha256Of } from '../../support/sample-files.js';
import { until } from '../../support/until.js';
import { facts, outcomeOf, requestOf, SimulatedGemini, textOf } from './simulated-gemini.js';

const REJECTED = { code: 'attachment_rejected', retryable: false, retryAfterMs: null, message: 'The model cannot read a file.' };
const UNAVAILABLE = { code: 'attachment_unavailable', retryable: true, retryAfterMs: null, message: 'The model could not open a file.' };

describe('files of turns', () => {
  let gemini: SimulatedGemini;
  let files: GeminiFilesClient;

  beforeAll(async () => {
    gemini = await SimulatedGemini.start();
    files = filesClient();
  });
  beforeEach(() => gemini.control('POST', 'reset'));
  afterEach(async () => {
    expect(await gemini.idle()).toMatchObject({ open: 0 });
  });
  afterAll(() => gemini.stop());

  const filesClient = (totalTimeoutMs = 10_000) =>
    new GeminiFilesClient({ apiKey: 'a-key', baseUrl: gemini.url, firstTokenTimeoutMs: 5000, idleTimeoutMs: 5000, totalTimeoutMs });
  const picture: TurnFile = { name: 'photo.png', mediaType: 'image/png', content: PNG };
  const turn = (text: string, ...given: TurnFile[]): ModelTurn => ({ role: 'user', text, files: given });
  const ask = (...turns: ModelTurn[]) => outcomeOf(gemini.client().stream(requestOf('', { turns })));
  const upload = (bytes: Buffer, mediaType = 'image/png', signal = new AbortController().signal): Promise<RemoteFile> =>
    files.upload({ bytes: Buffer.from(Uint8Array.from(bytes).buffer), mediaType, signal });
  const errorOf = (promise: Promise<unknown>) =>
    promise.then(
      () => null,
      (error: unknown) => (error instanceof GeminiError ? facts(error) : error),
    );

  test('the bytes come with the turn that has them, before its text and after their names', async () => {
    const pdf = pdfOf(2);
    const report: TurnFile = { name: 'my "report".pdf', mediaType: 'application/pdf', content: pdf };
    const { events, error } = await ask(turn('What is this?', picture, report), { role: 'model', text: 'A pixel.' }, turn('Again?'));
    expect(error).toBeNull();
    expect(textOf(events)).toContain('You wrote: “Again?”');
    expect(textOf(events)).toContain('Before that you wrote: “What is this?”');
    expect(textOf(events)).toContain(
      `In turn 1: image/png, ${PNG.length} bytes, SHA-256 ${sha256Of(PNG)}, inline, captioned “File "photo.png":”.`,
    );
    expect(textOf(events)).toContain(
      `In turn 1: application/pdf, ${pdf.length} bytes, 2 pages, SHA-256 ${sha256Of(pdf)}, inline, captioned “File "my \\"report\\".pdf":”.`,
    );
  });

  test('a turn may have files and no text', async () => {
    expect(textOf((await ask(turn('', picture))).events)).toContain('I was given 1 file.');
  });

  test('an upload is named by its address, and lives for 48 hours', async () => {
    const bytes = Buffer.concat([PNG, Buffer.alloc(20 * 1024 * 1024)]);
    const { uri, expiresAt } = await upload(bytes);
    expect(expiresAt.getTime() - Date.now()).toBeGreaterThan(47 * 60 * 60 * 1000);
    const { events } = await ask(turn('Look', { ...picture, content: uri }));
    expect(textOf(events)).toContain(`image/png, ${bytes.length} bytes, SHA-256 ${sha256Of(bytes)}, by the Files API`);
  });

  test('an upload is waited for while Gemini processes it', async () => {
    await gemini.control('PATCH', 'settings', { fileProcessingMs: 300 });
    const { uri } = await upload(PNG);
    expect((await ask(turn('Look', { ...picture, content: uri }))).error).toBeNull();
  });

  test('the wait for an upload ends with its time, or with its caller, and asks nothing more', async () => {
    await gemini.control('PATCH', 'settings', { fileProcessingMs: 60_000 });
    const bytes = Buffer.from(Uint8Array.from(PNG).buffer);
    const never = new AbortController().signal;
    expect(await errorOf(filesClient(300).upload({ bytes, mediaType: 'image/png', signal: never }))).toMatchObject({
      code: 'model_timeout',
      retryable: true,
    });
    const leaving = new AbortController();
    const left = errorOf(upload(PNG, 'image/png', leaving.signal));
    await until('it waits', async () =>
      (await gemini.journal()).requests.some(({ method, path }) => method === 'GET' && path.includes('/files/')),
    );
    leaving.abort(new Error('gone'));
    expect(await left).toEqual(new Error('gone'));
    const { received } = await gemini.idle();
    await setTimeout(300);
    expect((await gemini.journal()).received).toBe(received);
  });

  test('a file that Gemini cannot process or read is rejected for good', async () => {
    expect(await errorOf(upload(Buffer.from('[[file-failed]]'), 'text/plain'))).toEqual(REJECTED);
    expect(await errorOf(upload(PNG, 'image/gif'))).toEqual(REJECTED);
    for (const [mediaType, content] of [
      ['image/jpeg', PNG],
      ['application/pdf', Buffer.from('none')],
      ['image/gif', PNG],
    ] as const) {
      expect((await ask(turn('Look', { ...picture, mediaType, content }))).error).toEqual(REJECTED);
    }
    expect((await ask(turn('[[file-refused]]', picture))).error).toEqual(REJECTED);
    expect((await ask(turn('[[error-400]]', picture))).error).toMatchObject({ code: 'request_rejected' });
  });

  test('an address that has expired or is not ready is unavailable; other refusals keep their codes', async () => {
    const { uri, name } = await upload(PNG);
    const remote = { ...picture, content: uri };
    expect((await ask(turn('[[file-processing]]', remote))).error).toEqual(UNAVAILABLE);
    expect((await ask(turn('[[error-403]]', remote))).error).toMatchObject({ code: 'model_misconfigured' });
    await gemini.control('POST', 'expire-files');
    expect((await ask(turn('Look', remote))).error).toEqual(UNAVAILABLE);
    await files.delete(name, new AbortController().signal);
    const other = await upload(PNG);
    await files.delete(other.name, new AbortController().signal);
    expect((await ask(turn('Look', { ...picture, content: other.uri }))).error).toEqual(UNAVAILABLE);
  });

  test('tokens are counted with the files of the turns', async () => {
    const signal = new AbortController().signal;
    const count = (...given: TurnFile[]) => gemini.client().countTokens({ model: 'gemini-3.8-flash', turns: [turn('', ...given)], signal });
    const caption = Math.ceil('File "photo.png":'.length / 4);
    expect(await count(picture)).toBe(caption + 1_120);
    expect(await count({ name: 'photo.png', mediaType: 'application/pdf', content: pdfOf(5) })).toBe(caption + 5 * 560);
    const { uri } = await upload(pdfOf(3), 'application/pdf');
    expect(await count({ name: 'photo.png', mediaType: 'application/pdf', content: uri })).toBe(caption + 3 * 560);
    expect(await errorOf(count({ ...picture, mediaType: 'application/pdf' }))).toEqual(REJECTED);
  });
});
