import { DataSource } from 'typeorm';
import { signUpAdministrator } from '../support/administrator.js';
import { type Answer, startTestApi, type TestApi, type TestUser } from '../support/api.js';
import { chatroomDocument } from '../support/chatroom-document.js';
import { recordQueries } from '../support/statements.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const MIB = 1024 * 1024;

interface Item {
  readonly id: string;
  readonly content: string;
}
interface Page<T = Item> {
  readonly data: T[];
  readonly next_cursor: string | null;
}

let database: TestDatabase;
let api: TestApi;
let user: TestUser;
let admin: TestUser;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi({ DATABASE_URL: database.url, ADMIN_READS_CONTENT: 'true', MAX_CHATROOMS: '1000' });
  admin = await signUpAdministrator(api);
});
beforeEach(async () => {
  user = await api.signUp();
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

const importOf = async (contents: readonly string[]): Promise<string> => {
  const { status, body } = await api.post<{ id: string }>('/chatroom/import', {
    token: user.accessToken,
    body: chatroomDocument(contents),
  });
  expect(status).toBe(201);
  return body.id;
};

/** Every page of a list, from the first to the last; none is larger than a page may be. */
async function pagesOf<T = Item>(path: string, { accessToken: token } = user): Promise<T[][]> {
  const pages: T[][] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const { status, body }: Answer<Page<T>> = await api.get<Page<T>>(
      `${path}${path.includes('?') ? '&' : '?'}limit=100${cursor && `&cursor=${cursor}`}`,
      {
        token,
      },
    );
    expect(status).toBe(200);
    expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThanOrEqual(MIB);
    pages.push(body.data);
    cursor = body.next_cursor;
  }
  return pages;
}

/** Texts of 30 kB, each of which names its place. */
const texts = (count: number) => Array.from({ length: count }, (_, i) => `haystack ${i} `.padEnd(30_000, 'x'));

describe('A page of a list', () => {
  const contents = texts(80);

  test.each(['', '?branch=all'])('of messages%s ends at 1 MiB, and the next one goes on from there', async (query) => {
    const id = await importOf(contents);
    const pages = await pagesOf(`/chatroom/${id}/message${query}`);
    expect(pages.length).toBeGreaterThan(2);
    expect(pages.flat().map(({ content }) => content)).toEqual(contents.toReversed());
  });

  test('is sent no text by PostgreSQL that it does not show', async () => {
    const id = await importOf(contents);
    const [listed] = await recordQueries(() => api.get(`/chatroom/${id}/message?limit=100`, { token: user.accessToken })).then((queries) =>
      queries.filter(({ name }) => name === 'messages_list_branch'),
    );
    const rows = await api.app.get(DataSource).query<Item[]>(listed?.text ?? '', [...(listed?.values ?? [])]);
    expect(rows.reduce((bytes, { content }) => bytes + content.length, 0)).toBeLessThanOrEqual(MIB);
    expect(rows.length).toBeGreaterThan(30);
  });

  test('in a chatroom ends at 1 MiB, and its cursor leads to the older messages', async () => {
    const long = texts(20).map((text, i) => (i % 2 === 0 ? text : text.padEnd(99_000, 'y')));
    const id = await importOf(long);
    const { body } = await api.get<{ messages: Page }>(`/chatroom/${id}`, { token: user.accessToken });
    expect(Buffer.byteLength(JSON.stringify(body.messages))).toBeLessThanOrEqual(MIB);
    const { body: older } = await api.get<Page>(`/chatroom/${id}/message?cursor=${body.messages.next_cursor}`, { token: user.accessToken });
    expect([...body.messages.data.toReversed(), ...older.data].map(({ content }) => content)).toEqual(long.toReversed());
  });

  test('is bounded as JSON, where characters take more bytes than in the database', async () => {
    const contents = Array.from({ length: 6 }, (_, i) => (i % 2 === 0 ? `q${i}` : `${i}${'\u0001'.repeat(90_000)}`));
    const pages = await pagesOf(`/chatroom/${await importOf(contents)}/message`);
    expect(pages.flat().map(({ content }) => content)).toEqual(contents.toReversed());
    expect(pages.length).toBe(3);
  });

  test('has one row at least, however long that is', async () => {
    const id = await importOf(['q', 'short', 'q', 'a']);
    await api.app.get(DataSource).query(`UPDATE messages SET content = repeat('x', 3000000) WHERE chatroom_id = $1 AND position = 2`, [id]);
    const sizes: number[][] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body }: Answer<Page> = await api.get<Page>(`/chatroom/${id}/message?limit=100${cursor && `&cursor=${cursor}`}`, {
        token: user.accessToken,
      });
      sizes.push(body.data.map(({ content }) => content.length));
      cursor = body.next_cursor;
    }
    expect(sizes).toEqual([[1, 1], [3_000_000], [1]]);
  });

  test('of a search ends at 1 MiB, and the next one goes on from there', async () => {
    await importOf(contents);
    const pages = await pagesOf<{ message: Item }>('/search?q=haystack');
    expect(pages.length).toBeGreaterThan(2);
    expect(
      pages
        .flat()
        .map(({ message }) => message.content)
        .sort(),
    ).toEqual([...contents].sort());
  });

  test('of a search has no long texts beside the contents, and no thoughts', async () => {
    const id = await importOf(contents.slice(0, 20));
    await api.app
      .get(DataSource)
      .query(`UPDATE messages SET search_suggestions = repeat('s', 200000), reasoning = repeat('r', 200000) WHERE chatroom_id = $1`, [id]);
    const queries = await recordQueries(() => pagesOf<{ message: Item & { reasoning: string | null } }>('/search?q=haystack'));
    const pages = await pagesOf<{ message: Item & { reasoning: string | null } }>('/search?q=haystack');
    expect(pages.flat().map(({ message }) => message.reasoning)).toEqual(contents.slice(0, 20).map(() => null));
    const [first] = queries.filter(({ name }) => name === 'messages_search');
    const rows = await api.app.get(DataSource).query<Item[]>(first?.text ?? '', [...(first?.values ?? [])]);
    expect(rows).toHaveLength(2);
  });

  test.each(['', '?q=room'])('of chatrooms%s ends at 1 MiB, and the next one goes on from there', async (query) => {
    const ids: string[] = [];
    for (let i = 0; i < 50; i += 1) {
      const body = { name: `Room ${i}`, system_instruction: '😀'.repeat(16_000) };
      ids.push((await api.post<{ id: string }>('/chatroom', { token: user.accessToken, body })).body.id);
    }
    const pages = await pagesOf(`/chatroom${query}`);
    expect(pages.length).toBeGreaterThan(2);
    expect(pages.flat().map(({ id }) => id)).toEqual(ids.toReversed());
  });

  test('of the administration ends at 1 MiB, and the next one goes on from there', async () => {
    const id = await importOf(contents);
    const inRoom = await pagesOf(`/admin/messages?chatroom_id=${id}&content=true`, admin);
    const byUser = await pagesOf(`/admin/messages?user_id=${user.id}&content=true`, admin);
    expect(inRoom.length).toBeGreaterThan(2);
    expect(inRoom.flat().map(({ content }) => content)).toEqual(contents.toReversed());
    expect(new Set(byUser.flat().map(({ content }) => content))).toEqual(new Set(contents));
  });
});

test('Exports read long texts a page at a time, and leave none out', async () => {
  const contents = texts(80);
  const id = await importOf(contents);
  const { body: room } = await api.get<{ messages: Item[] }>(`/chatroom/${id}/export`, { token: user.accessToken });
  expect(room.messages.map(({ content }) => content)).toEqual(contents);
  const { body: markdown } = await api.get<string>(`/chatroom/${id}/export?format=markdown`, { token: user.accessToken });
  expect(markdown.match(/haystack \d+/g)).toHaveLength(80);
  const { body: own } = await api.get<{ chatrooms: { messages: Item[] }[] }>('/user/me/export', { token: user.accessToken });
  expect(own.chatrooms[0]?.messages.map(({ content }) => content)).toEqual(contents);
  expect(Object.keys(own.chatrooms[0]?.messages[0] ?? {})).not.toContain('goes_on');
});
