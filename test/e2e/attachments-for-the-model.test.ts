import { newId } from '../../src/common/ids.js';
import { ModelFilesRepository } from '../../src/modules/messages/model-files/model-files.repository.js';
import type { TestUser } from '../support/api.js';
import { runSql } from '../support/administrator.js';
import { Conversation, type ReplyBody } from '../support/conversation.js';
import { pictureOf, PNG, upload } from '../support/files.js';
import { problem } from '../support/problem.js';
import { pdfOf, sha256Of } from '../support/sample-files.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

interface Journal {
  readonly requests: { readonly method: string; readonly path: string; readonly purpose: string | null; readonly body: string }[];
}

const MODELS = [
  { id: 'gemini-3.8-flash', name: 'Sees', plan: 'basic', attachments: true, web_search: true, reasoning: ['low'] },
  { id: 'gemini-3.5-flash-lite', name: 'Reads', plan: 'basic' },
].map((model) => ({ ...model, context_tokens: 1_000_000, input_usd: 1, output_usd: 2 }));

let stack: Stack;
let user: TestUser;
let talk: Conversation;

beforeAll(async () => {
  stack = await startStack({
    BASIC_DAILY_LIMIT: '1000',
    BASIC_CONTEXT_TOKENS: '4000',
    BASIC_MAX_OUTPUT_TOKENS: '2000',
    BASIC_WEB_SEARCH: 'true',
    BASIC_STORAGE_BYTES: '200000000',
    REPLY_MAX_ATTEMPTS: '3',
    ATTACHMENT_CHECK_INTERVAL: '500ms',
    GEMINI_MODELS: JSON.stringify(MODELS),
  });
});
afterAll(() => stack.close());
beforeEach(async () => {
  await control('POST', 'reset');
  user = await stack.api.signUp();
  talk = await Conversation.start(stack.api, user.accessToken);
});

const control = async (method: string, path: string, body?: object): Promise<unknown> => {
  const answer = await fetch(`${stack.gemini.url}/_simulator/${path}`, { method, ...(body ? { body: JSON.stringify(body) } : {}) });
  return answer.json();
};
const calls = async (pattern: RegExp) =>
  ((await control('GET', 'requests')) as Journal).requests.filter(({ method, path }) => pattern.test(`${method} ${path}`));
/** The pieces of uploads to the Files API, and their beginnings. */
const uploads = async () => (await calls(/^POST \/upload/u)).length;
const fileOf = async (bytes: Uint8Array, name: string) => (await upload(stack.api, user.accessToken, bytes, { name })).body.id;
const ask = async (content: string, files: readonly [Uint8Array, string][] = [], options: object = {}): Promise<ReplyBody> => {
  const attachment_ids: string[] = [];
  for (const [bytes, name] of files) attachment_ids.push(await fileOf(bytes, name));
  return talk.ask(content, { ...(files.length === 0 ? {} : { attachment_ids }), ...options });
};
const sentAndOmitted = (sent: number, omitted: number) => ({ status: 'completed', context: { attachments: { sent, omitted } } });

test('a picture and a PDF are given with their message, with the next one too, and count', async () => {
  const pdf = pdfOf(2);
  const first = await ask('What is this?', [
    [pdf, 'paper.pdf'],
    [PNG, 'cat.png'],
  ]);
  expect(first).toMatchObject(sentAndOmitted(2, 0));
  const about = [
    'You wrote: “What is this?”',
    'I was given 2 files.',
    `In turn 1: application/pdf, ${pdf.length} bytes, 2 pages, SHA-256 ${sha256Of(pdf)}, inline, captioned “File "paper.pdf":”.`,
    `In turn 1: image/png, ${PNG.length} bytes, SHA-256 ${sha256Of(PNG)}, inline, captioned “File "cat.png":”.`,
  ];
  expect(first.content).toContain(about.join('\n\n'));
  expect(first.usage).toMatchObject({ input_tokens: 4 + 5 + 4 + 2 * 560 + 1_120, estimated: false });
  const { body } = await stack.api.get<{ totals: { input_tokens: number; cost_usd: number } }>('/user/me/usage', {
    token: user.accessToken,
  });
  expect(body.totals.input_tokens).toBe(first.usage?.input_tokens);
  const second = await ask('And again?');
  expect(second).toMatchObject(sentAndOmitted(2, 0));
  expect(second.content).toContain(about.slice(1).join('\n\n'));
  expect(await uploads()).toBe(0);
  expect(await calls(/countTokens$/u)).toHaveLength(1);
});

test('older files that no longer fit are named in words, in the order of the branch', async () => {
  for (const name of ['a.png', 'b.png', 'c.png']) await ask(`This is ${name}`, [[PNG, name]]);
  const last = await ask('Which was the first?');
  expect(last).toMatchObject({ ...sentAndOmitted(2, 1), context: { turns: 7, trimmed: 0 } });
  expect(last.content).toContain('captioned “File "b.png":”.\n\nIn turn 5: image/png');
  const body = (await calls(/streamGenerateContent$/u)).at(-1)?.body ?? '';
  expect(body).toContain(String.raw`[Attached file, not shown here: \"a.png\" (image/png)]\n\nThis is a.png`);
});

test('the exact figure decides where an estimate does not: what is too long is named', async () => {
  expect(await ask('Read it', [[pdfOf(8), 'long.pdf']])).toMatchObject(sentAndOmitted(0, 1));
  expect(await calls(/countTokens$/u)).toHaveLength(1);
  expect(await ask('Read this', [[pdfOf(6), 'short.pdf']])).toMatchObject(sentAndOmitted(1, 1));
  const text = Buffer.from('Roses are red. '.repeat(400));
  expect(await ask('And this', [[text, 'poem.txt']])).toMatchObject(sentAndOmitted(1, 2));
  expect(await calls(/countTokens$/u)).toHaveLength(3);
  expect(await ask('A book', [[Buffer.alloc(500_000, 'word '), 'book.txt']])).toMatchObject({ context: { attachments: { sent: 1 } } });
  expect(await calls(/countTokens$/u)).toHaveLength(3);
});

test('what exceeds a request is uploaded once, and anew when it has expired', async () => {
  const bytes = pictureOf(15_000_000);
  const about = `image/png, 15000000 bytes, SHA-256 ${sha256Of(bytes)}, by the Files API`;
  const first = await ask('Look', [[bytes, 'large.png']]);
  expect(first).toMatchObject(sentAndOmitted(1, 0));
  expect(first.content).toContain(about);
  const once = await uploads();
  expect(once).toBe(3);
  expect((await ask('Look again')).content).toContain(about);
  expect(await uploads()).toBe(once);
  await control('POST', 'expire-files');
  expect((await ask('And again')).content).toContain(about);
  expect(await uploads()).toBe(2 * once);
  // The model's vendor may lose a file while it is in use.
  expect((await ask('[[file-expired x1]] once more')).content).toContain(about);
  expect(await uploads()).toBe(3 * once);
  await until('the vendor was told to delete what is used no more', async () => (await calls(/^DELETE \/v1beta\/files\//u)).length >= 2);
});

test('a file that is still processed is waited for; one that is not ready is tried again', async () => {
  await control('PATCH', 'settings', { fileProcessingMs: 300 });
  expect(await ask('Look', [[pictureOf(15_000_000), 'large.png']])).toMatchObject(sentAndOmitted(1, 0));
  expect(await ask('[[file-processing x3]] Look')).toMatchObject(sentAndOmitted(1, 0));
});

test('a file that the model cannot read fails its reply, costs nothing, and is left out of what comes after', async () => {
  await ask('Hello');
  const broken = Buffer.concat([Buffer.from('%PDF-1.4\n'), Buffer.alloc(100, 'x')]);
  for (const [bytes, name] of [
    [broken, 'broken.pdf'],
    [Buffer.from('[[file-refused]]'), 'refused.txt'],
  ] as const) {
    expect(await ask('Read it', [[bytes, name]])).toMatchObject({
      status: 'failed',
      error: { code: 'attachment_rejected', message: 'The model cannot read an attachment of this conversation.' },
    });
  }
  expect(await ask('And now?')).toMatchObject({ ...sentAndOmitted(0, 0), context: { turns: 3 } });
  const [day] = await runSql<{ messages: number }>(stack.databaseUrl, `SELECT messages FROM usage_days WHERE user_id = $1`, [user.id]);
  expect(day?.messages).toBe(2);
});

test('an older file that the model refuses now is named instead', async () => {
  await ask('Look', [[PNG, 'cat.png']]);
  expect(await ask('[[file-refused x1]] And?')).toMatchObject(sentAndOmitted(0, 1));
});

test('an older file whose bytes are lost is named instead, also where it has to be counted', async () => {
  await ask('Look', [
    [PNG, 'cat.png'],
    [pdfOf(2), 'paper.pdf'],
  ]);
  for (const table of ['object_pieces', 'attachment_tokens'])
    await runSql(
      stack.databaseUrl,
      `DELETE FROM ${table} WHERE ${table === 'object_pieces' ? 'object_id' : 'attachment_id'} IN (SELECT id FROM attachments WHERE user_id = $1)`,
      [user.id],
    );
  expect(await ask('And?')).toMatchObject({ ...sentAndOmitted(0, 2), context: { turns: 3 } });
  const body = (await calls(/streamGenerateContent$/u)).at(-1)?.body;
  for (const name of ['cat.png', 'paper.pdf']) expect(body).toContain(String.raw`not shown here: \"${name}\"`);
});

test('a request that the model refuses for several reasons is repeated without each', async () => {
  await ask('Look', [[PNG, 'cat.png']]);
  const before = (await calls(/streamGenerateContent$/u)).length;
  expect(await ask('[[file-refused x1]] [[search-refused]] And?', [], { web_search: true })).toMatchObject({
    ...sentAndOmitted(0, 1),
    sources: null,
  });
  expect(await calls(/streamGenerateContent$/u)).toHaveLength(before + 3);
});

test('nothing is repeated within an attempt once the answer has begun', async () => {
  const refused = await ask('[[error-in-stream 400 x1]] Hello', [], { web_search: true });
  expect(refused).toMatchObject({ status: 'failed', error: { code: 'request_rejected' }, content: '' });
  expect(await calls(/streamGenerateContent$/u)).toHaveLength(1);
});

test('a model that takes no files refuses them before anything is charged; where it follows one that does, it is told their names', async () => {
  await ask('Look', [[PNG, 'cat.png']]);
  const room = `/chatroom/${talk.chatroomId}`;
  await stack.api.patch(room, { token: user.accessToken, body: { model: 'gemini-3.5-flash-lite' } });
  const usage = () => runSql(stack.databaseUrl, `SELECT day, messages FROM usage_days WHERE user_id = $1`, [user.id]);
  const before = await usage();
  const attachment_ids = [await fileOf(PNG, 'dog.png')];
  const refusal = problem(
    409,
    'not_offered_by_model',
    'The model does not offer it',
    'The model does not offer this value of attachments; GET /models tells what each model offers.',
    { field: 'attachments' },
  );
  const { status, body } = await stack.api.post(talk.path, { token: user.accessToken, body: { content: 'Look', attachment_ids } });
  expect({ status, body }).toEqual({ status: 409, body: refusal });
  expect(await usage()).toEqual(before);
  const told = await ask('What was it?');
  expect(told).toMatchObject(sentAndOmitted(0, 1));
  expect((await calls(/streamGenerateContent$/u)).at(-1)?.body).toContain(String.raw`not shown here: \"cat.png\"`);
  await stack.api.patch(room, { token: user.accessToken, body: { model: 'gemini-3.8-flash' } });
  expect(await talk.ask('Look', { attachment_ids })).toMatchObject(sentAndOmitted(2, 0));
});

test('files go together with search and reasoning, and stay when the model refuses those', async () => {
  const found = await ask('Look', [[PNG, 'cat.png']], { web_search: true, reasoning: 'low' });
  expect(found).toMatchObject(sentAndOmitted(1, 0));
  expect(found.sources).not.toBeNull();
  expect(found.reasoning).not.toBeNull();
  expect(await ask('[[search-refused]] Look', [], { web_search: true })).toMatchObject(sentAndOmitted(1, 0));
});

test('a repeated attempt, another reply and an edit send the same files', async () => {
  const first = await ask('[[error-503 x1]] Look', [[PNG, 'cat.png']]);
  expect(first).toMatchObject(sentAndOmitted(1, 0));
  for (const { method, path, body } of [
    { method: 'post', path: `${talk.path}/${first.id}/regenerate`, body: {} },
    { method: 'post', path: `${talk.path}/${first.reply_to ?? ''}/edit`, body: { content: 'Look closely' } },
  ] as const) {
    const answer = await stack.api[method]<{ reply: { id: string } }>(path, { token: user.accessToken, body });
    expect(answer.status).toBe(202);
    const reply = await talk.finished(answer.body.reply.id);
    expect(reply).toMatchObject(sentAndOmitted(1, 0));
    expect(reply.content).toContain(sha256Of(PNG));
  }
});

test('uploads of deleted attachments are deleted at the vendor, each of them, also beside one that cannot be', async () => {
  const repository = stack.api.app.get(ModelFilesRepository, { strict: false });
  const expiresAt = new Date(Date.now() + 3_600_000);
  await repository.keepAddress(newId(), { name: '', uri: 'https://x/none', expiresAt });
  await ask('Look', [[pictureOf(15_000_000), 'large.png']]);
  const [{ id } = { id: '' }] = await runSql<{ id: string }>(stack.databaseUrl, `SELECT id FROM attachments WHERE user_id = $1`, [user.id]);
  const kept = async () =>
    (await runSql<{ name: string }>(stack.databaseUrl, `SELECT name FROM model_files WHERE attachment_id = $1`, [id])).map(
      ({ name }) => name,
    );
  const [first = ''] = await kept();
  // Another reply has uploaded the same file at the same time.
  await repository.keepAddress(id, { name: 'files/another', uri: 'https://x/another', expiresAt });
  await stack.api.delete(`/chatroom/${talk.chatroomId}`, { token: user.accessToken });
  await until('the vendor was told', async () => (await kept()).length === 0);
  const deleted = (await calls(/^DELETE \/v1beta\/files\//u)).map(({ path }) => path.replace('/v1beta/', ''));
  expect(deleted).toEqual(expect.arrayContaining(['files/another', first]));
});
