import { Client } from 'pg';
import type { TestUser } from '../support/api.js';
import { Conversation, type ReplyBody } from '../support/conversation.js';
import { type Stack, startStack } from '../support/stack.js';

interface Hit {
  readonly message: ReplyBody;
  readonly chatroom: { id: string; name: string | null };
  readonly snippet: { text: string; highlights: [number, number][] };
}

interface Page {
  readonly data: Hit[];
  readonly next_cursor: string | null;
}

let stack: Stack;
let user: TestUser;

beforeAll(async () => {
  stack = await startStack({ BASIC_DAILY_LIMIT: '1000' });
  user = await stack.api.signUp();
});
afterAll(() => stack.close());

const search = async (q: string, query = '', { accessToken: token } = user) =>
  stack.api.get<Page & { code?: string }>(`/search?q=${encodeURIComponent(q)}${query}`, { token });
const byUser = ({ data }: Page) => data.filter(({ message }) => message.role === 'user').map(({ message }) => message.content);
/** What was found of the user's own words: the simulated replies repeat them. */
const found = async (q: string, by = user) => byUser((await search(q, '&limit=100', by)).body);

const AT = '2026-11-22T20:15:03.120Z';
const cursorOf = (rank: string, asOf: string) => Buffer.from(JSON.stringify([rank, user.id, asOf])).toString('base64url');

/** Messages without waiting for their replies: those are cancelled. */
async function say(talk: Conversation, ...contents: string[]): Promise<void> {
  for (const content of contents) await talk.send(content);
  await stack.api.post(`/chatroom/${talk.chatroomId}/cancel`, { token: user.accessToken });
}

describe('GET /search', () => {
  test('finds messages and replies with their rooms, and shows where', async () => {
    const talk = await Conversation.start(stack.api, user.accessToken, { name: 'Birds' });
    const reply = await talk.ask('What do Ospreys eat?');
    const { status, body } = await search('ospreys');
    expect(status).toBe(200);
    expect(body.next_cursor).toBeNull();
    const hit = body.data.find(({ message }) => message.role === 'user');
    const { body: message } = await stack.api.get<ReplyBody>(`${talk.path}/${reply.reply_to}`, { token: user.accessToken });
    expect(hit).toEqual({
      message,
      chatroom: { id: talk.chatroomId, name: 'Birds' },
      snippet: { text: 'What do Ospreys eat?', highlights: [[8, 15]] },
    });
    const answered = body.data.find(({ message }) => message.role === 'model');
    expect(answered?.message).toEqual(reply);
    expect(answered?.snippet.highlights.map(([start, end]) => answered.snippet.text.slice(start, end))).toEqual(['Ospreys']);
  });

  test('in any language, case and order, the last word also as a beginning', async () => {
    const talk = await Conversation.start(stack.api, user.accessToken);
    await say(talk, 'The heron’s nest — über Zürich', '我想看京都的寺庙', 'ラーメンを食べたい', 'Где живёт выхухоль');
    expect(await found('zurich HERON')).toEqual(['The heron’s nest — über Zürich']);
    expect(await found('nest zür')).toEqual(['The heron’s nest — über Zürich']);
    expect(await found('zür nest')).toEqual([]);
    expect(await found('京都')).toEqual(['我想看京都的寺庙']);
    expect(await found('庙')).toEqual(['我想看京都的寺庙']);
    expect(await found('ﾗｰﾒﾝ')).toEqual(['ラーメンを食べたい']);
    expect(await found('ВЫХУХ')).toEqual(['Где живёт выхухоль']);
  });

  test.each(['"', "'", "'; DROP TABLE messages; --", '\\', ':*', '!', '&|()', '<->', 'a & | b', '~', '🙂', '%', `it's "quoted`])(
    'takes %j as it is',
    async (q) => {
      expect((await search(q)).status).toBe(200);
    },
  );

  test('ranks what says it more often, and goes on in pages without loss, while more is said', async () => {
    const talk = await Conversation.start(stack.api, user.accessToken);
    const contents = Array.from({ length: 25 }, (_, i) => `number ${i} ${'wombat '.repeat((i % 5) + 1)}`.trim());
    await say(talk, ...contents);
    const seen: string[] = [];
    let cursor = '';
    for (let pages = 0; ; pages += 1) {
      const { body } = await search('wombat', `&limit=4${cursor}`);
      seen.push(...byUser(body));
      if (pages < 3) await say(talk, `wombat wombat wombat wombat wombat ${pages}`);
      if (body.next_cursor === null) break;
      cursor = `&cursor=${body.next_cursor}`;
    }
    expect([...seen].sort()).toEqual([...contents].sort());
    expect(seen[0]?.match(/wombat/g)).toHaveLength(5);
  });

  test('shows nobody the messages of another, and nothing of what was deleted', async () => {
    const other = await stack.api.signUp();
    const talk = await Conversation.start(stack.api, user.accessToken);
    await say(talk, 'a platypus');
    expect(await found('platypus', other)).toEqual([]);
    expect(await found('platypus')).toEqual(['a platypus']);
    await stack.api.delete(`/chatroom/${talk.chatroomId}`, { token: user.accessToken });
    expect(await found('platypus')).toEqual([]);
  });

  test('finds edited messages on both branches, and the kept text of a cancelled reply', async () => {
    const talk = await Conversation.start(stack.api, user.accessToken);
    const { message } = await talk.send('an echidna');
    await stack.api.patch(`${talk.path}/${message.id}`, { token: user.accessToken, body: { content: 'two echidnas' } });
    await stack.api.post(`/chatroom/${talk.chatroomId}/cancel`, { token: user.accessToken });
    expect((await found('echidn')).sort()).toEqual(['an echidna', 'two echidnas']);
  });

  test('reaches back over the whole life of the account, however much was said since', async () => {
    const talk = await Conversation.start(stack.api, user.accessToken);
    await say(talk, 'a numbat');
    const database = new Client({ connectionString: stack.databaseUrl });
    await database.connect();
    await database.query('UPDATE users SET indexed_messages = indexed_messages + 1000000 WHERE id = $1', [user.id]);
    await database.end();
    await say(talk, 'two numbats');
    expect((await found('numba')).sort()).toEqual(['a numbat', 'two numbats']);
  });

  test('wants words, and a cursor of its own', async () => {
    for (const path of [
      '/search',
      '/search?q=',
      '/search?q=%20',
      `/search?q=${'x'.repeat(201)}`,
      '/search?q=x&cursor=abc',
      ...['0.1x', '1e-99', '1e-999', '-1', 'Infinity', '01'].map((rank) => `/search?q=x&cursor=${cursorOf(rank, AT)}`),
      `/search?q=x&cursor=${cursorOf('0.1', '0000-01-01T00:00:00.000Z')}`,
      '/search?q=x&limit=0',
    ]) {
      const { status, body } = await stack.api.get<{ code: string }>(path, { token: user.accessToken });
      expect([path, status, body.code]).toEqual([path, 400, 'validation_failed']);
    }
    expect((await search('x', `&cursor=${cursorOf('0.1', AT)}`)).status).toBe(200);
    expect((await stack.api.get('/search?q=x')).status).toBe(401);
  });
});
