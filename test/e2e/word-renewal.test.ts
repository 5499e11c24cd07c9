import { DataSource } from 'typeorm';
import { type GeminiSimulator, startGeminiSimulator } from '../../simulators/gemini/gemini-simulator.js';
import { type Settings, startTestApi, type TestApi, type TestUser } from '../support/api.js';
import { Conversation, type ReplyBody } from '../support/conversation.js';
import { startTestWorker } from '../support/stack.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';

let database: TestDatabase;
let gemini: GeminiSimulator;
let settings: Settings;
let api: TestApi;
let user: TestUser;

beforeAll(async () => {
  database = await createTestDatabase();
  gemini = await startGeminiSimulator({ port: 0, latencyMs: 5, chunkMs: 1, tokens: null });
  settings = { DATABASE_URL: database.url, GEMINI_BASE_URL: gemini.url, SWEEP_INTERVAL: '100ms' };
  api = await startTestApi(settings);
  user = await api.signUp();
});
afterAll(async () => {
  await api.close();
  await gemini.stop();
  await database.drop();
});

const query = <Row>(sql: string, values: unknown[] = []) => api.app.get(DataSource).query<Row[]>(sql, values);
const outdated = async () =>
  Number((await query<{ n: string }>(`SELECT count(*) AS n FROM messages WHERE words_version < 2 AND content <> ''`))[0]?.n);

async function found(q: string): Promise<string[]> {
  const { body } = await api.get<{ data: { message: ReplyBody }[] }>(`/search?q=${encodeURIComponent(q)}&limit=100`, {
    token: user.accessToken,
  });
  return body.data.filter(({ message }) => message.role === 'user').map(({ message }) => message.content);
}

/**
 * Writes the words of a message as the release before does, which knows no version of them.
 *
 * @param words by its rule; null where it sees none
 */
const indexAsBefore = (id: string, words: string[] | null) =>
  query(`UPDATE messages SET words_version = DEFAULT, words = replace($2, '~', substr(words::text, 2, 16))::tsvector WHERE id = $1`, [
    id,
    words?.map((word) => `'~${word}':1`).join(' ') ?? null,
  ]);

test('messages of the release before are found by the present rule once a worker has been through them, which ends', async () => {
  const talk = await Conversation.start(api, user.accessToken);
  const { message } = await talk.send('Grüße aus der Hauptstraße');
  const { message: emoji } = await talk.send('🦔');

  const marks = () => query(`SELECT substr(words::text, 2, 16) AS mark FROM messages WHERE id = $1`, [message.id]);
  const before = await marks();
  await indexAsBefore(message.id, ['gruße', 'aus', 'der', 'hauptstraße']);
  await indexAsBefore(emoji.id, null);
  await query(`UPDATE messages SET created_at = '2999-01-01', completed_at = '2999-01-01' WHERE id = $1`, [message.id]);
  // More than are renewed at a time.
  await query(
    `INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, parent_id, role, status, content, words, completed_at)
     SELECT overlay(gen_random_uuid()::text placing '7' from 15 for 1)::uuid, m.chatroom_id, m.user_id, 1000 + n, 2, 1000 + n, m.id,
       'user', 'completed', 'Weißdorn ' || n, replace('''~weißdorn'':1', '~', substr(m.words::text, 2, 16))::tsvector, now()
     FROM messages m, generate_series(1, 60) n WHERE m.id = $1`,
    [message.id],
  );
  expect([await found('hauptstrasse'), await found('🦔'), await found('weissdorn')]).toEqual([[], [], []]);

  const worker = await startTestWorker(settings);
  try {
    await until('all words are renewed', async () => (await outdated()) === 0);
    expect(await found('hauptstrasse GRUSSE')).toEqual([message.content]);
    expect(await found('hauptstraße')).toEqual([message.content]);
    expect(await found('🦔')).toEqual([emoji.content]);
    expect(await found('weissdorn')).toHaveLength(60);
    expect(await marks()).toEqual(before);
    const [times] = await query<{ past: boolean }>(
      'SELECT greatest(created_at, completed_at) <= now() AS past FROM messages WHERE id = $1',
      [message.id],
    );
    expect(times).toEqual({ past: true });

    // What a process of the release before writes meanwhile is renewed too.
    await indexAsBefore(message.id, ['gruße', 'aus', 'der', 'hauptstraße']);
    await until('it is renewed', async () => (await outdated()) === 0);
    expect(await found('hauptstrasse')).toEqual([message.content]);
  } finally {
    await worker.close();
  }
});

test('a reply counts as one that the release before may end, until this release ends it with text', async () => {
  const versionOf = async (id: string) => (await query<{ v: number }>('SELECT words_version AS v FROM messages WHERE id = $1', [id]))[0]?.v;
  const room = await Conversation.start(api, user.accessToken);
  const { message, reply } = await room.send('[[error-400]] no');
  expect([await versionOf(message.id), await versionOf(reply.id)]).toEqual([2, 1]);
  const worker = await startTestWorker(settings);
  try {
    expect((await room.finished(reply.id)).status).toBe('failed');
    expect(await versionOf(reply.id)).toBe(1);
    const answered = await room.ask('yes');
    expect(await versionOf(answered.id)).toBe(2);
  } finally {
    await worker.close();
  }
});
