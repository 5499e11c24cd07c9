import { Client } from 'pg';
import { DataSource } from 'typeorm';
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

  test.each<[what: string, content: string, queries: string[]]>([
    ['full case folding', 'Die STRAẞE am Fluß', ['strasse fluss', 'straße FLUẞ']],
    ['the case of sigma', 'ΜΕΓΆΛΗ ΟΔΌΣ', ['μεγαλη οδος', 'οδοσ']],
    ['the dots of i', 'DIYARBAKIR İzmir', ['dıyarbakır izmir', 'diyarbakir IZMİR']],
    ['letters that Unicode does not decompose', 'Łódź ørret Đặng æble', ['lodz orret dang aeble', 'łódź ØRRET đang ÆBLE']],
    ['compatibility forms', 'ﬁrst ＷＩＤＥ 𝓼𝓬𝓻𝓲𝓹𝓽 ⓒⓘⓡⓒⓛⓔ Ⅻ', ['first wide script circle xii']],
    ['points of Hebrew', 'שָׁלוֹם לְכֻלָּם', ['שלום לכלם']],
    ['vowels, stretching, hamza and yeh of Arabic', 'قال مُحَمَّـد: أين مستشفى الأمل؟', ['محمد اين مستشفي الامل', 'مُحمد أين']],
    ['forms of Persian', 'می\u200cروم به کتابخانۀ علی', ['ميروم كتابخانه علي']],
    ['the nukta of Devanagari', 'ज़मीन', ['जमीन']],
    ['tones of Thai', 'ก่อนพักผ่อน', ['กอนพักผอน']],
    ['digits of any script', 'سنة ١٤٤٥', ['1445', '۱۴۴۵', '１４４５']],
    [
      'characters of format inside words',
      'zu\u00adsammen\u200bge\u2060setzt \u202bbidi\u202c',
      ['zusammengesetzt bidi', 'zusammen\u200dgesetzt'],
    ],
    ['letters in parts', '판교에 がぎ façade'.normalize('NFD'), ['판교에 がぎ facade', '판교']],
    ['emoji', 'gefeiert 👩🏽‍💻 ❤\ufe0f 🇩🇪 👍🏿', ['👍', '👩‍💻', '❤', '👩 🇩🇪', 'gefeiert 👍🏻']],
  ])('folds %s', async (_, content, queries) => {
    const talk = await Conversation.start(stack.api, user.accessToken);
    await say(talk, content);
    for (const q of queries) expect([q, await found(q)]).toEqual([q, [content]]);
  });

  test('tells apart what is another word with a mark', async () => {
    const talk = await Conversation.start(stack.api, user.accessToken);
    await say(talk, 'ばら', 'はら', 'कीड़ा', 'काड़ा', '🇫🇷 🇮🇹');
    expect(await found('ばら')).toEqual(['ばら']);
    expect(await found('कीड')).toEqual(['कीड़ा']);
    expect(await found('🇷🇮')).toEqual([]);
  });

  test('shows where folded words are, in the text as it was written', async () => {
    const talk = await Conversation.start(stack.api, user.accessToken);
    await say(talk, '🙂 zu\u00adletzt in der Schlo\u00dfallee e\u0301te\u0301 👩🏽‍💻! ﬂoh');
    const marked = async (q: string) => {
      const hit = (await search(q)).body.data.find(({ message }) => message.role === 'user');
      return hit?.snippet.highlights.map(([start, end]) => hit.snippet.text.slice(start, end));
    };
    expect(await marked('schlossallee zuletzt')).toEqual(['zu\u00adletzt', 'Schlo\u00dfallee']);
    expect(await marked('schlossallee ete')).toEqual(['Schlo\u00dfallee', 'e\u0301te\u0301']);
    expect(await marked('schlossallee 💻')).toEqual(['Schlo\u00dfallee', '👩🏽‍💻']);
    expect(await marked('schlossallee flo')).toEqual(['Schlo\u00dfallee', 'ﬂoh']);
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

  test('finds what was imported whatever its time, on every page; times ahead of now are now', async () => {
    const times = ['1970-01-01T00:00:00.000Z', '2020-02-02T20:20:20.200Z', '2999-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z'];
    const { status, body: room } = await stack.api.post<{ id: string; created_at: string; last_message_at: string }>('/chatroom/import', {
      token: user.accessToken,
      body: {
        format: 'gemini-chat-room',
        version: 1,
        chatroom: { name: null, system_instruction: null, model: null, archived: false, created_at: times[3], active: times.length },
        messages: times.map((created_at, i) => ({
          n: i + 1,
          parent: i === 0 ? null : i,
          role: 'user',
          content: `quokka ${i}`,
          created_at,
        })),
      },
    });
    expect(status).toBe(201);
    const seen: ReplyBody[] = [];
    for (let cursor = ''; ;) {
      const { body } = await search('quokka', `&limit=1${cursor}`);
      seen.push(...body.data.map(({ message }) => message));
      if (body.next_cursor === null) break;
      cursor = `&cursor=${body.next_cursor}`;
    }
    seen.sort((one, other) => one.content.localeCompare(other.content));
    expect(seen.map(({ content }) => content)).toEqual(['quokka 0', 'quokka 1', 'quokka 2', 'quokka 3']);
    expect(seen.slice(0, 2).map(({ created_at }) => created_at)).toEqual(times.slice(0, 2));
    const [row] = await stack.api.app.get(DataSource).query<{ now: Date }[]>('SELECT now()');
    const now = row?.now.toISOString() ?? '';
    for (const { created_at, completed_at } of seen.slice(2)) expect([created_at <= now, completed_at]).toEqual([true, created_at]);
    expect([room.created_at, room.last_message_at]).toEqual([seen[3]?.created_at, seen[3]?.created_at]);
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
