import { DataSource } from 'typeorm';
import type { TestUser } from '../support/api.js';
import { Conversation, type ExchangeBody, type ReplyBody } from '../support/conversation.js';
import { type Stack, startStack } from '../support/stack.js';
import { findTreeFaults } from '../support/tree.js';
import { until } from '../support/until.js';

interface Document {
  readonly chatroom: { readonly active: number | null; readonly [setting: string]: unknown };
  readonly messages: { readonly n: number; readonly parent: number | null; readonly role: string; readonly content: string }[];
}

interface Room {
  readonly id: string;
  readonly name: string | null;
  readonly message_count: number;
  readonly created_at: string;
  readonly last_message_at: string | null;
}

let stack: Stack;
let user: TestUser;

beforeAll(async () => {
  stack = await startStack({ BASIC_DAILY_LIMIT: '1000' });
  user = await stack.api.signUp();
});
afterAll(() => stack.close());
afterEach(async () => {
  expect(await findTreeFaults(stack.api.app.get(DataSource))).toEqual([]);
});

const post = <Body>(path: string, body?: unknown, { accessToken: token } = user) =>
  stack.api.post<Body>(path, { token, ...(body === undefined ? {} : { body }) });
const exported = async (id: string, { accessToken: token } = user) => {
  const { status, body } = await stack.api.get<Document>(`/chatroom/${id}/export?format=json`, { token });
  expect(status).toBe(200);
  return body;
};
const branchOf = async (id: string, { accessToken: token } = user) =>
  (await stack.api.get<{ data: ReplyBody[] }>(`/chatroom/${id}/message?limit=100`, { token })).body.data.reverse();
const usedBy = async ({ accessToken: token }: TestUser) =>
  (await stack.api.get<{ usage_days: object[] }>('/user/me/export', { token })).body.usage_days;

const count = async (sql: string, values: unknown[] = []) =>
  Number((await stack.api.app.get(DataSource).query<{ n: string }[]>(sql, values))[0]?.n);
const indexedMessages = () => count('SELECT indexed_messages AS n FROM users WHERE id = $1', [user.id]);
const cursorOf = (...key: string[]) => Buffer.from(JSON.stringify(key)).toString('base64url');
/** The number of index blocks that search looks into for the messages of a room. */
const marksOf = (id: string) => count(`SELECT count(DISTINCT substr(words::text, 2, 16)) AS n FROM messages WHERE chatroom_id = $1`, [id]);

/** A room with branches at the root and below, and replies of several ends. */
async function grow(): Promise<{ talk: Conversation; first: ExchangeBody }> {
  const talk = await Conversation.start(stack.api, user.accessToken, { name: 'Trees *and* more', system_instruction: 'Be\nbrief.' });
  const first = await talk.send('one');
  await talk.finished(first.reply.id);
  await talk.ask('two [[blocked-prompt]]');
  await talk.ask('three [[error-400]]');
  await talk.finished((await post<ExchangeBody>(`${talk.path}/${first.reply.id}/regenerate`)).body.reply.id);
  await talk.ask('two, otherwise');
  await talk.finished((await post<ExchangeBody>(`${talk.path}/${first.message.id}/edit`, { content: 'one, edited' })).body.reply.id);
  const slow = await talk.send('[[slow 200ms]] [[long 500]]');
  await post(`${talk.path}/${slow.reply.id}/cancel`);
  await post(`${talk.path}/${first.reply.id}/activate`);
  return { talk, first };
}

describe('A chatroom', () => {
  test('is exported, imported by another user and exported again: equal documents', async () => {
    const { talk } = await grow();
    const before = await exported(talk.chatroomId);
    expect(before.messages).toHaveLength(13);
    const other = await stack.api.signUp();
    const { status, body: room } = await post<Room>('/chatroom/import', before, other);
    expect(status).toBe(201);
    expect(room).toMatchObject({ name: 'Trees *and* more', message_count: 13, created_at: before.chatroom['created_at'] });
    expect(room.id).not.toBe(talk.chatroomId);
    const { body: source } = await stack.api.get<Room>(`/chatroom/${talk.chatroomId}`, { token: user.accessToken });
    expect(room.last_message_at).toBe(source.last_message_at);
    expect(await exported(room.id, other)).toEqual(before);
    expect(await usedBy(other)).toEqual([]);
    const text = JSON.stringify(before);
    expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-7/);

    const [own, theirs] = [await branchOf(talk.chatroomId), await branchOf(room.id, other)];
    const shown = ({ content, status: state, created_at, completed_at, usage, context, model, error }: ReplyBody) =>
      ({ content, state, created_at, completed_at, usage, context, model, error }); // prettier-ignore
    expect(theirs.map(shown)).toEqual(own.map(shown));
    const { body: list } = await stack.api.get<{ data: Room[] }>('/chatroom', { token: other.accessToken });
    expect(list.data.map(({ id }) => id)).toEqual([room.id]);
    const found = await stack.api.get<{ data: object[] }>('/search?q=otherwise', { token: other.accessToken });
    expect(found.body.data.length).toBeGreaterThan(0);
  });

  test('goes on after an import like any other', async () => {
    const { talk, first } = await grow();
    const { body: room } = await post<Room>('/chatroom/import', await exported(talk.chatroomId));
    const copy = new Conversation(stack.api, user.accessToken, room.id);
    const reply = await copy.ask('what next?');
    expect(reply.content).toContain('You wrote: “what next?”');
    const [root] = await branchOf(room.id);
    expect(root?.content).toBe(first.message.content);
    const again = await post<ExchangeBody>(`${copy.path}/${reply.id}/regenerate`);
    expect(again.body.reply.sibling_ids).toEqual([reply.id, again.body.reply.id]);
    expect((await post<Room>(`${copy.path}/${root?.sibling_ids.at(-1)}/activate`)).status).toBe(200);
    const replay = await stack.api.get<string>(`${copy.path}/${(await branchOf(room.id))[1]?.id}/stream`, { token: user.accessToken });
    expect(replay.body).toMatch(/data: \[DONE\]\n\n$/);
  });

  test('that is empty, or has replies in work, is exported too', async () => {
    const empty = await Conversation.start(stack.api, user.accessToken, {});
    const document = await exported(empty.chatroomId);
    expect(document).toEqual({
      format: 'gemini-chat-room',
      version: 1,
      chatroom: { name: null, system_instruction: null, model: null, archived: false, created_at: expect.any(String), active: null },
      messages: [],
    });
    const { body: room } = await post<Room>('/chatroom/import', document);
    expect(await exported(room.id)).toEqual(document);

    const { reply } = await empty.send('[[slow 200ms]] [[long 500]]');
    const unfinished = await exported(empty.chatroomId);
    expect(unfinished.messages[1]).toMatchObject({ status: 'cancelled', content: '', completed_at: reply.created_at });
    const { body: imported } = await post<Room>('/chatroom/import', unfinished);
    expect(await exported(imported.id)).toEqual(unfinished);
    await post(`${empty.path}/${reply.id}/cancel`);
  });

  test('is exported as Markdown along its active branch', async () => {
    const { talk } = await grow();
    const { headers, body } = await stack.api.get<string>(`/chatroom/${talk.chatroomId}/export?format=markdown`, {
      token: user.accessToken,
    });
    expect(headers.get('content-type')).toBe('text/markdown; charset=utf-8');
    expect(headers.get('content-disposition')).toBe(`attachment; filename="chatroom-${talk.chatroomId}.md"`);
    const branch = await branchOf(talk.chatroomId);
    expect(body.startsWith('# Trees \\*and\\* more\n\n> Be\n> brief.\n\n## You, ')).toBe(true);
    expect(body.match(/^## You, .*$/gm)).toEqual(
      branch.filter(({ role }) => role === 'user').map(({ created_at }) => `## You, ${created_at}`),
    );
    expect(body).toContain('*The answer was blocked.*');
    expect(body).toContain('*The answer could not be made.*');
    expect(body).not.toContain('one, edited');
  });

  test('is copied up to a message, with that branch only', async () => {
    const { talk } = await grow();
    const branch = await branchOf(talk.chatroomId);
    const before = await usedBy(user);
    const target = branch[3];
    const { status, body: room } = await post<Room>(`/chatroom/${talk.chatroomId}/copy`, { message_id: target?.id });
    expect(status).toBe(201);
    expect(room).toMatchObject({ name: 'Trees *and* more', message_count: 4 });
    const copied = await branchOf(room.id);
    expect(copied.map(({ content, status: state, created_at }) => [content, state, created_at])).toEqual(
      branch.slice(0, 4).map(({ content, status: state, created_at }) => [content, state, created_at]),
    );
    expect(copied.map(({ parent_id }) => parent_id)).toEqual([null, ...copied.slice(0, 3).map(({ id }) => id)]);
    expect(await usedBy(user)).toEqual(before);
    const copy = new Conversation(stack.api, user.accessToken, room.id);
    expect((await copy.ask('on')).parent_id).not.toBeNull();

    const question = await post<Room>(`/chatroom/${talk.chatroomId}/copy`, { message_id: branch[2]?.id });
    expect(question.body.message_count).toBe(3);
    const [, , asked] = await branchOf(question.body.id);
    const answered = await post<ExchangeBody>(`/chatroom/${question.body.id}/message/${asked?.id}/regenerate`);
    expect(answered.status).toBe(202);
  });

  test('of somebody else, or unknown, is not found', async () => {
    const { talk, first } = await grow();
    const stranger = await stack.api.signUp();
    const token = stranger.accessToken;
    const codes = await Promise.all([
      stack.api.get<{ code: string }>(`/chatroom/${talk.chatroomId}/export`, { token }),
      post<{ code: string }>(`/chatroom/${talk.chatroomId}/copy`, { message_id: first.message.id }, stranger),
      post<{ code: string }>(`/chatroom/${talk.chatroomId}/copy`, { message_id: 'nonsense' }),
      post<{ code: string }>(`/chatroom/${(await Conversation.start(stack.api, user.accessToken)).chatroomId}/copy`, {
        message_id: first.message.id,
      }),
    ]);
    expect(codes.map(({ status, body }) => [status, body.code])).toEqual(codes.map(() => [404, 'not_found']));
  });
});

describe('An import', () => {
  const at = '2026-01-02T03:04:05.678Z';
  const question = (n: number, parent: number | null, content = 'q') => ({ n, parent, role: 'user', content, created_at: at });
  const answer = (n: number, parent: number, changes: object = {}) => ({
    ...{ n, parent, role: 'model', content: 'a', status: 'completed', model: null, finish_reason: 'stop', block_reason: null },
    ...{ error: null, usage: null, context: null, created_at: at, completed_at: at, ...changes },
  });
  const page = (changes: object = {}) => ({ title: 'A page', url: 'https://a.example/', passages: [], ...changes });
  const settings = { name: 'x', system_instruction: null, model: null, archived: false, created_at: at };
  const document = (messages: object[], active: number | null, chatroom: object = {}) => ({
    ...{ format: 'gemini-chat-room', version: 1, chatroom: { ...settings, active, ...chatroom }, messages },
  });

  test.each<[string, unknown, string]>([
    ['no object', [], ''],
    ['another format', { ...document([], null), format: 'other' }, 'format'],
    ['a field too many', { ...document([], null), more: 1 }, ''],
    ['a field too many in a message', document([{ ...question(1, null), id: 'x' }, answer(2, 1)], 2), 'messages.0'],
    ['a wrong number', document([question(2, null)], 1), 'messages.0.n'],
    ['a parent that comes later', document([question(1, 2), answer(2, 1)], 2), 'messages.0.parent'],
    ['a reply to a reply', document([question(1, null), answer(2, 1), answer(3, 2)], 3), 'messages.2.parent'],
    ['a reply without a question', document([answer(1, 1)], 1), 'messages.0.parent'],
    ['an unfinished reply', document([question(1, null), answer(2, 1, { status: 'pending' })], 2), 'messages.1.status'],
    ['a failed reply without an error', document([question(1, null), answer(2, 1, { status: 'failed' })], 2), 'messages.1.error'],
    ['an active message that is followed', document([question(1, null), answer(2, 1)], 1), 'chatroom.active'],
    ['an active message that is none', document([question(1, null), answer(2, 1)], 3), 'chatroom.active'],
    ['no active message', document([question(1, null), answer(2, 1)], null), 'chatroom.active'],
    ['too long a message', document([question(1, null, 'x'.repeat(32_001))], 1), 'messages.0.content'],
    ['too long a reply', document([question(1, null), answer(2, 1, { content: 'x'.repeat(100_001) })], 2), 'messages.1.content'],
    [
      'too long a reply of two UTF-16 units',
      document([question(1, null), answer(2, 1, { content: '😀'.repeat(100_001) })], 2),
      'messages.1.content',
    ],
    ['too large a message', document([question(1, null, 'x'.repeat(5 * 1024 * 1024))], 1), 'messages.0'],
    ['a message of many fields', document([Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`k${i}`, i]))], 1), 'messages.0'],
    ['a message that is none', document([question(1, null), answer(2, 1), 'x' as unknown as object], 2), 'messages.2'],
    ['more than the messages', { ...document([], null), more: 'x'.repeat(5 * 1024 * 1024) }, ''],
    ['nesting', JSON.stringify(document([], null)).replace('[]', '['.repeat(100_000) + ']'.repeat(100_000)), ''],
    [
      'a second list of messages',
      JSON.stringify(document([question(1, null)], 1)).replace('"messages"', '"messages":[{}],"messages"'),
      'messages',
    ],
    ['an empty message', document([question(1, null, '')], 1), 'messages.0.content'],
    ['a time that is none', document([], null, { created_at: '2026-13-01T00:00:00Z' }), 'chatroom.created_at'],
    ['year 0', document([], null, { created_at: '0000-01-01T00:00:00Z' }), 'chatroom.created_at'],
    [
      '101 alternatives',
      document([question(1, null), ...Array.from({ length: 101 }, (_, i) => answer(i + 2, 1))], 2),
      'messages.101.parent',
    ],
    ...(
      [
        ['an address of a script', { sources: [page({ url: 'javascript:alert(1)' })] }, 'sources.0.url'],
        ['an address that is none', { sources: [page({ url: 'https://' })] }, 'sources.0.url'],
        ['too long an address', { sources: [page({ url: `https://a.example/${'x'.repeat(2_000)}` })] }, 'sources.0.url'],
        ['a source without a title', { sources: [page({ title: '' })] }, 'sources.0.title'],
        ['51 sources', { sources: Array.from({ length: 51 }, () => page()) }, 'sources'],
        ['201 passages', { sources: [page({ passages: Array.from({ length: 201 }, () => [0, 1]) })] }, 'sources.0.passages'],
        ['a passage beyond the end', { sources: [page({ passages: [[0, 3]] })] }, 'sources.0.passages'],
        ['a passage without text', { sources: [page({ passages: [[1, 1]] })] }, 'sources.0.passages'],
        ['a passage that splits a character', { content: '🙂', sources: [page({ passages: [[0, 1]] })] }, 'sources.0.passages'],
        ['a passage that is no pair', { sources: [page({ passages: [[0, 1, 1]] })] }, 'sources.0.passages.0'],
        ['too long search suggestions', { search_suggestions: 'x'.repeat(65_537) }, 'search_suggestions'],
        ['too long thoughts', { reasoning: 'x'.repeat(100_001) }, 'reasoning'],
        ['thoughts with a NUL', { reasoning: 'a\0b' }, 'reasoning'],
        ['parts that are not those of the texts', { reasoning: 'abc', part_lengths: [2, 1] }, 'part_lengths'],
        ['parts that split a character', { reasoning: '🙂', part_lengths: [1, 1, 1] }, 'part_lengths'],
      ] as const
    ).map(([what, changes, field]): [string, unknown, string] => [
      what,
      document([question(1, null), answer(2, 1, changes)], 2),
      `messages.1.${field}`,
    ]),
    ['a level that is none', document([], null, { reasoning: 'endless' }), 'chatroom.reasoning'],
    ['a NUL', document([question(1, null, 'a\0b')], 1), 'messages.0.content'],
  ])('refuses %s', async (_, body, field) => {
    const refused = await post<{ code: string; errors: { field: string }[] }>('/chatroom/import', body);
    expect([refused.status, refused.body.code, refused.body.errors[0]?.field]).toEqual([400, 'validation_failed', field]);
  });

  test('is refused without a word of what it held', async () => {
    const { body } = await post(
      '/chatroom/import',
      document([{ ...question(1, null), secret_name: 'secret value' }], 1, { archived: 'secret' }),
    );
    const { body: inMessage } = await post('/chatroom/import', document([{ ...question(1, null), secret_name: 'secret value' }], 1));
    expect(body).toMatchObject({ errors: [{ field: 'chatroom.archived', message: 'Invalid input: expected boolean, received string' }] });
    expect(inMessage).toMatchObject({ errors: [{ field: 'messages.0', message: 'must not have other fields than those of the format' }] });
    expect(JSON.stringify([body, inMessage])).not.toContain('secret');
  });

  test('takes 20 MiB, and no more; other routes take what they took', async () => {
    const large = (bytes: number) => {
      // Emoji of four bytes each, so that the longest replies suffice.
      const replies = Array.from({ length: 53 }, (_, i) => answer(i + 2, 1, { content: '😀'.repeat(98_700) }));
      const whole = (last: string) => JSON.stringify(document([question(1, null), ...replies, answer(55, 1, { content: last })], 2));
      return whole('x'.repeat(bytes - Buffer.byteLength(whole(''))));
    };
    expect((await post('/chatroom/import', large(20 * 1024 * 1024))).status).toBe(201);
    const refused = await post<{ code: string }>('/chatroom/import', large(20 * 1024 * 1024 + 1));
    expect([refused.status, refused.body.code]).toEqual([413, 'payload_too_large']);
    const other = await post<{ code: string }>('/chatroom', { name: 'x'.repeat(600 * 1024) });
    expect([other.status, other.body.code]).toEqual([413, 'payload_too_large']);
  });

  test('is read when it is known whose it is', async () => {
    const broken = `{"format": ${'x'.repeat(600 * 1024)}`;
    const anonymous = await stack.api.post<{ code: string }>('/chatroom/import', { body: broken });
    expect([anonymous.status, anonymous.body.code]).toEqual([401, 'invalid_token']);
    const refused = await post<{ code: string }>('/chatroom/import', broken);
    expect([refused.status, refused.body.code]).toEqual([400, 'malformed_json']);
  });

  /**
   * The answers to ten requests at once that all need the row of their user, in their order, while somebody else has it
   * until one is answered.
   */
  async function atOnce(request: () => Promise<{ status: number; body: { code?: string } }>) {
    const other = await stack.api.signUp();
    const holder = stack.api.app.get(DataSource).createQueryRunner();
    await holder.startTransaction();
    await holder.query('SELECT 1 FROM users WHERE id = $1 FOR UPDATE', [user.id]);
    const answers: [status: number, code: string | undefined][] = [];
    const requests = Array.from({ length: 10 }, async () => {
      const { status, body } = await request();
      answers.push([status, body.code]);
    });
    await until('one is refused', () => answers.length > 0);
    expect((await post('/chatroom/import', document([question(1, null)], 1), other)).status).toBe(201);
    await holder.commitTransaction();
    await holder.release();
    await Promise.all(requests);
    return answers;
  }
  const ONE_TOO_MANY = [[429, 'rate_limited'], ...Array.from({ length: 9 }, () => [201, undefined])];

  test('of a large document waits for its turn, nine at most; small ones need not', async () => {
    const large = document(
      [question(1, null), ...Array.from({ length: 6 }, (_, i) => answer(i + 2, 1, { content: 'x'.repeat(100_000) }))],
      2,
    );
    expect(await atOnce(() => post('/chatroom/import', large))).toEqual(ONE_TOO_MANY);
  });

  test('keeps thousands of messages in order', async () => {
    const messages = Array.from({ length: 1_501 }, (_, i) => [
      question(2 * i + 1, i === 0 ? null : 2 * i),
      answer(2 * i + 2, 2 * i + 1),
    ]).flat();
    const whole = document(messages, 3_002);
    const before = await indexedMessages();
    const { status, body: room } = await post<Room>('/chatroom/import', whole);
    expect([status, room.message_count]).toEqual([201, 3_002]);
    expect(await exported(room.id)).toEqual(whole);
    // Search counts them as that many messages, whenever they were made.
    expect((await indexedMessages()) - before).toBe(3_002);
    expect(await marksOf(room.id)).toBeGreaterThan(1);
    const [newest] = (await branchOf(room.id)).reverse();
    const { body: copy } = await post<Room>(`/chatroom/${room.id}/copy`, { message_id: newest?.id });
    expect((await exported(copy.id)).messages).toEqual(messages);

    const oldest = (
      await stack.api.get<{ data: ReplyBody[] }>(`/chatroom/${room.id}/message?branch=all&limit=1&cursor=${cursorOf('2')}`, {
        token: user.accessToken,
      })
    ).body.data[0];
    // Copies of a long room take turns as large imports do.
    expect(await atOnce(() => post(`/chatroom/${room.id}/copy`, { message_id: oldest?.id }))).toEqual(ONE_TOO_MANY);
  });
});
