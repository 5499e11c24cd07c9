import { DataSource } from 'typeorm';
import { newId } from '../../src/common/ids.js';
import type { TestUser } from '../support/api.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { problem } from '../support/problem.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

interface RoomBody {
  readonly id: string;
  readonly name: string | null;
  readonly archived: boolean;
  readonly model: string;
  readonly updated_at: string;
}

interface PageBody {
  readonly data: RoomBody[];
  readonly next_cursor: string | null;
}

let database: TestDatabase;
let api: TestApi;
let user: TestUser;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi({ DATABASE_URL: database.url });
});
beforeEach(async () => {
  user = await api.signUp();
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

const create = async (body: unknown, headers: Record<string, string> = {}) =>
  api.post<RoomBody>('/chatroom', { token: user.accessToken, body, headers });
const list = async (query = '') => (await api.get<PageBody>(`/chatroom${query}`, { token: user.accessToken })).body;

test('a new room lists every field', async () => {
  const { status, body } = await create({ name: ' Kyoto ', system_instruction: 'Be brief.', model: 'gemini-3.5-flash-lite' });
  expect(status).toBe(201);
  expect(body).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
    name: 'Kyoto',
    system_instruction: 'Be brief.',
    model: 'gemini-3.5-flash-lite',
    web_search: false,
    reasoning: null,
    archived: false,
    message_count: 0,
    active_reply_id: null,
    last_message_at: null,
    created_at: expect.stringMatching(/Z$/),
    updated_at: expect.stringMatching(/Z$/),
  });
  expect((await api.get(`/chatroom/${body.id}/`, { token: user.accessToken })).body).toEqual({
    ...body,
    messages: { data: [], next_cursor: null },
  });
});

test('a room needs nothing, not even a body', async () => {
  expect((await create({})).status).toBe(201);
  expect((await create(undefined)).status).toBe(201);
});

describe('models', () => {
  const LITE = { id: 'gemini-3.5-flash-lite', name: 'Gemini 3.5 Flash-Lite', plan: 'basic', context_tokens: 1_048_576 };
  const FLASH = { id: 'gemini-3.8-flash', name: 'Gemini 3.8 Flash', plan: 'pro', context_tokens: 1_048_576 };
  const ARGON = { id: 'gemini-4-argon', name: 'Gemini 4 Argon', plan: 'pro', context_tokens: 1_048_576 };
  const ALL = { attachments: true, web_search: true, reasoning: ['minimal', 'low', 'medium', 'high'] };
  const models = async () => (await api.get('/models', { token: user.accessToken })).body;
  const grantPro = (until: string) =>
    api.app
      .get(DataSource)
      .query(`INSERT INTO grants (id, user_id, entitled_until, reason) VALUES ($1, $2, now() + $3::interval, 'test')`, [
        newId(),
        user.id,
        until,
      ]);
  const REFUSED = problem(400, 'validation_failed', 'The request is not valid', 'One or more fields are not acceptable; see errors.', {
    errors: [{ field: 'model', message: 'model must be one that the plan includes; GET /models lists them' }],
  });

  test('those of the plan are listed, the default first', async () => {
    expect(await models()).toEqual({
      data: [{ ...LITE, default: true, capabilities: { attachments: true, web_search: false, reasoning: ['minimal', 'low'] } }],
    });
    await grantPro('1 day');
    expect(await models()).toEqual({
      data: [
        { ...FLASH, default: true, capabilities: ALL },
        { ...ARGON, default: false, capabilities: { ...ALL, reasoning: ['low', 'high'] } },
        { ...LITE, default: false, capabilities: ALL },
      ],
    });
  });

  test('one of another plan, or none, is refused on creation and on change, and changes nothing', async () => {
    const { body: room } = await create({ name: 'Kyoto' });
    for (const model of [ARGON.id, 'gpt']) {
      expect((await create({ model })).body).toEqual(REFUSED);
      expect((await api.patch(`/chatroom/${room.id}`, { token: user.accessToken, body: { name: 'Other', model } })).body).toEqual(REFUSED);
    }
    expect((await list()).data).toEqual([room]);
  });

  test('a room falls back to the default when the plan ends, and shows it; the choice comes back with the plan', async () => {
    await grantPro('1 day');
    const { body: room } = await create({ model: ARGON.id });
    const shown = async () => {
      const detail = await api.get<RoomBody>(`/chatroom/${room.id}`, { token: user.accessToken });
      expect((await list()).data.map(({ model }) => model)).toEqual([detail.body.model]);
      return detail.body.model;
    };
    const answering = async () => {
      const sent = await api.post<{ reply: { model: string } }>(`/chatroom/${room.id}/message`, {
        token: user.accessToken,
        body: { content: 'Hello' },
      });
      return sent.body.reply.model;
    };
    expect([await shown(), await answering()]).toEqual([ARGON.id, ARGON.id]);
    await api.app.get(DataSource).query(`UPDATE grants SET entitled_until = now() WHERE user_id = $1`, [user.id]);
    expect([await shown(), await answering()]).toEqual([LITE.id, LITE.id]);
    await grantPro('1 day');
    expect([await shown(), await answering()]).toEqual([ARGON.id, ARGON.id]);
  });
});

test('the list is most recently active first, in pages that never skip or double a room', async () => {
  const made: string[] = [];
  for (let i = 0; i < 7; i += 1) made.unshift((await create({ name: `Room ${i}` })).body.id);
  const first = await list('?limit=3');
  expect(first.data.map(({ id }) => id)).toEqual(made.slice(0, 3));
  // The oldest room moves to the top while the list is being read: the others stay in their order.
  await api.post(`/chatroom/${made.at(-1) ?? ''}/message`, { token: user.accessToken, body: { content: 'Hello' } });
  const second = await list(`?limit=3&cursor=${first.next_cursor ?? ''}`);
  expect(second.data.map(({ id }) => id)).toEqual(made.slice(3, 6));
  expect((await list()).data[0]?.id).toBe(made.at(-1));
});

test('a room is renamed, cleared and archived; absent fields stay', async () => {
  const { body: room } = await create({ name: 'Old', system_instruction: 'Be brief.' });
  const patch = async (body: object) => (await api.patch<RoomBody>(`/chatroom/${room.id}`, { token: user.accessToken, body })).body;
  expect(await patch({ name: 'New' })).toMatchObject({ name: 'New', system_instruction: 'Be brief.', archived: false });
  expect(await patch({ system_instruction: null })).toMatchObject({ name: 'New', system_instruction: null });
  expect(await patch({ archived: true })).toMatchObject({ name: 'New', archived: true });
  expect((await list()).data).toEqual([]);
  expect((await list('?archived=true')).data.map(({ id }) => id)).toEqual([room.id]);
  expect(await patch({})).toMatchObject({ name: 'New', archived: true });
});

test('?q= finds names in any case and takes wildcards as they are', async () => {
  await create({ name: 'Trip to Kyoto' });
  await create({ name: '100% done' });
  expect((await list('?q=KYOTO')).data.map(({ name }) => name)).toEqual(['Trip to Kyoto']);
  expect((await list('?q=%25')).data.map(({ name }) => name)).toEqual(['100% done']);
});

test('?q= compares names as search compares words, over as many rooms as there are', async () => {
  const names = ['Łódź im Frühling', 'Die STRAẞE', 'رحلة إلى مُدُن', 'cafe\u0301 ☕\ufe0f', 'zu\u00adsammen  gesetzt'];
  for (const name of names) await create({ name });
  const wanted = ['lodz', 'strasse', 'الي مدن', 'CAFÉ ☕', 'ZUSAMMEN GESETZT'];
  for (const [i, q] of wanted.entries()) {
    expect((await list(`?q=${encodeURIComponent(q)}`)).data.map(({ name }) => name)).toEqual([names[i]]);
  }
  const dataSource = api.app.get(DataSource);
  await dataSource.query(
    `INSERT INTO chatrooms (id, user_id, name, last_activity_at)
     SELECT overlay(gen_random_uuid()::text placing '7' from 15 for 1)::uuid, $1, 'Room ' || n, now() - n * interval '1 day' FROM generate_series(1, 2500) n`,
    [user.id],
  );
  expect((await list('?q=ro%C3%B6m%202500')).data.map(({ name }) => name)).toEqual(['Room 2500']);
  const seen: (string | null)[] = [];
  for (let cursor = ''; ;) {
    const { data, next_cursor } = await list(`?q=OOM&limit=100${cursor}`);
    seen.push(...data.map(({ name }) => name));
    if (next_cursor === null) break;
    cursor = `&cursor=${next_cursor}`;
  }
  expect(seen).toEqual(Array.from({ length: 2_500 }, (_, i) => `Room ${i + 1}`));
});

test('a deleted room is gone, twice is 404', async () => {
  const { body: room } = await create({ name: 'Short' });
  expect((await api.delete(`/chatroom/${room.id}`, { token: user.accessToken })).status).toBe(204);
  expect((await api.delete(`/chatroom/${room.id}`, { token: user.accessToken })).status).toBe(404);
  expect((await list()).data).toEqual([]);
});

describe('Idempotency-Key', () => {
  test('20 repeats at once make one room and give one answer', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => create({ name: 'Once' }, { 'idempotency-key': 'create-1' })));
    expect(new Set(answers.map(({ status, body }) => JSON.stringify({ status, body }))).size).toBe(1);
    expect((await list()).data).toHaveLength(1);
  });

  test('the first answer is given again after a change, and to the same fields in another order', async () => {
    const headers = { 'idempotency-key': 'create-2' };
    const first = await create({ name: 'First', system_instruction: 'x' }, headers);
    await api.patch(`/chatroom/${first.body.id}`, { token: user.accessToken, body: { name: 'Second' } });
    expect((await create({ system_instruction: 'x', name: 'First' }, headers)).body).toEqual(first.body);
  });

  test('another body is refused; another user has keys of his own', async () => {
    const headers = { 'idempotency-key': 'create-3' };
    const first = await create({ name: 'Mine' }, headers);
    expect(await create({ name: 'Other' }, headers)).toMatchObject({ status: 409, body: { code: 'idempotency_key_reused' } });
    user = await api.signUp();
    expect((await create({ name: 'Mine' }, headers)).body.id).not.toBe(first.body.id);
  });
});
