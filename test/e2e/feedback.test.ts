import { DataSource } from 'typeorm';
import { FeedbackExportService } from '../../src/modules/admin/feedback-export.service.js';
import { signUpAdministrator } from '../support/administrator.js';
import { startTestApi, type TestUser } from '../support/api.js';
import { Conversation, type ReplyBody } from '../support/conversation.js';
import { type Stack, startStack } from '../support/stack.js';

interface Rated {
  readonly id: string;
  readonly rating: string | null;
  readonly comment: string | null;
}

let stack: Stack;
let user: TestUser;
let admin: TestUser;
let talk: Conversation;
let reply: ReplyBody;

beforeAll(async () => {
  stack = await startStack({ BASIC_DAILY_LIMIT: '1000', ADMIN_READS_CONTENT: 'true' });
  [user, admin] = [await stack.api.signUp(), await signUpAdministrator(stack.api)];
});
beforeEach(async () => {
  talk = await Conversation.start(stack.api, user.accessToken);
  reply = await talk.ask('Hello');
});
afterAll(() => stack.close());

const pathOf = (id: string) => `${talk.path}/${id}/feedback`;
const rate = (body: object, id = reply.id, token = user.accessToken) =>
  stack.api.send<ReplyBody & { code?: string }>('PUT', pathOf(id), { token, body });
const countsOf = async () => {
  const { body } = await stack.api.get<{ feedback: { model: string; up: number; down: number }[] }>('/admin/stats', {
    token: admin.accessToken,
  });
  return body.feedback.reduce<[number, number]>(([ups, downs], { up, down }) => [ups + up, downs + down], [0, 0]);
};
const listed = async (query: string): Promise<Rated[]> => {
  const { body } = await stack.api.get<{ data: Rated[] }>(`/admin/messages?chatroom_id=${talk.chatroomId}&${query}`, {
    token: admin.accessToken,
  });
  return body.data.map(({ id, rating, comment }) => ({ id, rating, comment }));
};

test('a reply is rated, rated otherwise and not any more; the counts follow, and outlive the reply', async () => {
  const [up, down] = await countsOf();
  expect(await rate({ rating: 'up', comment: 'Good. ' })).toMatchObject({
    status: 200,
    body: { feedback: { rating: 'up', comment: 'Good.' } },
  });
  expect(await countsOf()).toEqual([up + 1, down]);
  expect(await rate({ rating: 'down' })).toMatchObject({
    status: 200,
    body: { id: reply.id, feedback: { rating: 'down', comment: null } },
  });
  expect(await countsOf()).toEqual([up, down + 1]);
  expect((await talk.finished(reply.id)).feedback).toEqual({ rating: 'down', comment: null });
  for (let times = 0; times < 2; times += 1) {
    expect((await stack.api.delete(pathOf(reply.id), { token: user.accessToken })).status).toBe(204);
    expect(await countsOf()).toEqual([up, down]);
  }
  expect((await talk.finished(reply.id)).feedback).toBeNull();
  await rate({ rating: 'up' });
  await stack.api.delete(`/chatroom/${talk.chatroomId}`, { token: user.accessToken });
  expect(await countsOf()).toEqual([up + 1, down]);
});

test('ratings at once leave one, and count as one', async () => {
  const [up, down] = await countsOf();
  await Promise.all(Array.from({ length: 20 }, (_, i) => rate({ rating: i % 2 === 0 ? 'up' : 'down' })));
  const { feedback } = await talk.finished(reply.id);
  expect(await countsOf()).toEqual(feedback?.rating === 'up' ? [up + 1, down] : [up, down + 1]);
});

test('only a reply, of the caller, by the two ratings and a comment with something to read', async () => {
  expect(await rate({ rating: 'up' }, reply.reply_to ?? '')).toMatchObject({ status: 409, body: { code: 'not_a_reply' } });
  expect(await rate({ rating: 'up' }, reply.id, (await stack.api.signUp()).accessToken)).toMatchObject({ status: 404 });
  for (const body of [
    {},
    { rating: 'best' },
    { rating: 'up', comment: ' ' },
    { rating: 'up', comment: 'x'.repeat(2_001) },
    { rating: 'up', stars: 5 },
  ])
    expect(await rate(body)).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
});

test('administrators find rated replies, and read comments as they read contents', async () => {
  await rate({ rating: 'down', comment: 'Wrong.' });
  expect(await listed('rating=down')).toEqual([{ id: reply.id, rating: 'down', comment: null }]);
  expect(await listed('rating=down&content=true')).toEqual([{ id: reply.id, rating: 'down', comment: 'Wrong.' }]);
  expect(await listed('rating=up')).toEqual([]);
});

test('the personal export has the rating with its message', async () => {
  await rate({ rating: 'up', comment: 'For the export.' });
  const { body } = await stack.api.get('/user/me/export', { token: user.accessToken });
  expect(JSON.stringify(body)).toContain('For the export.');
});

describe('the export for an evaluation', () => {
  test('reads at most the bytes of a page at a time, those of sources included', async () => {
    const { id: other } = await talk.ask('Once more');
    await rate({ rating: 'up' });
    await rate({ rating: 'up' }, other);
    await stack.api.app
      .get(DataSource)
      .query(`UPDATE messages SET sources = jsonb_build_array(jsonb_build_object('title', repeat('x', 1100000))) WHERE id = ANY ($1)`, [
        [reply.id, other],
      ]);
    const service = stack.api.app.get(FeedbackExportService, { strict: false });
    const list = Reflect.get(service, 'list') as (filter: object, page: object) => Promise<{ messageId: string; goes_on?: boolean }[]>;
    const rows = await list.call(service, {}, { after: null, count: 100 });
    expect(rows.map(({ messageId, goes_on }) => ({ messageId, goes_on }))).toEqual([{ messageId: other, goes_on: true }]);
    await stack.api.app.get(DataSource).query(`UPDATE messages SET sources = NULL WHERE id = ANY ($1)`, [[reply.id, other]]);
  });

  const exported = async (query = '') => {
    const path = `/admin/feedback/export?${query}`;
    const { status, headers, body = '' } = await stack.api.get<string | undefined>(path, { token: admin.accessToken });
    expect([status, headers.get('content-type')]).toEqual([200, 'application/x-ndjson']);
    return body
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { message_id: string; rating: string });
  };

  test('has a line for each rated reply, with what it answers and without thoughts, and is audited', async () => {
    const other = await talk.ask('[[thinking]] [[grounded 1]] And why? 你好');
    await rate({ rating: 'up' });
    await rate({ rating: 'down', comment: 'It is\nwrong.' }, other.id);
    const [line, before] = await exported();
    expect(line).toEqual({
      message_id: other.id,
      chatroom_id: talk.chatroomId,
      user_id: user.id,
      rating: 'down',
      comment: 'It is\nwrong.',
      rated_on: new Date().toISOString().slice(0, 10),
      model: other.model,
      system_instruction: null,
      question: '[[thinking]] [[grounded 1]] And why? 你好',
      attachments: [],
      reply: other.content,
      sources: other.sources?.map(({ title, url }) => ({ title, url })),
      status: 'completed',
      finish_reason: 'stop',
      context_turns: 3,
      input_tokens: other.usage?.input_tokens,
      output_tokens: other.usage?.output_tokens,
      reasoning_tokens: other.usage?.reasoning_tokens,
      created_at: other.created_at,
    });
    expect(before).toMatchObject({ message_id: reply.id, rating: 'up', sources: null });
    expect(new Set((await exported('rating=down')).map(({ rating }) => rating))).toEqual(new Set(['down']));
    expect(await exported('model=another')).toEqual([]);
    expect(await exported(`to=${reply.created_at}&from=2026-01-01`)).not.toContainEqual(expect.objectContaining({ message_id: reply.id }));
    const { body: log } = await stack.api.get<{ data: object[] }>('/admin/audit-log?action=feedback.export', { token: admin.accessToken });
    expect(log.data).toContainEqual(
      expect.objectContaining({ target: { type: 'message', id: null, username: null }, after: { filter: { rating: 'down' } } }),
    );
  });

  test('goes on page by page, however many replies are rated', async () => {
    const dataSource = stack.api.app.get(DataSource);
    await dataSource.query(
      `WITH asked AS (
         INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, role, status, content, completed_at)
         SELECT overlay(gen_random_uuid()::text PLACING '7' FROM 15 FOR 1)::uuid, m.chatroom_id, m.user_id, 1000 + n, 1, 1000 + n, 'user', 'completed', 'question', now()
         FROM messages m, generate_series(1, 250) n WHERE m.id = $1 RETURNING id, chatroom_id, user_id, position
       ), replies AS (
         INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, parent_id, role, status, content, model, completed_at)
         SELECT overlay(gen_random_uuid()::text PLACING '7' FROM 15 FOR 1)::uuid, chatroom_id, user_id, position + 1000, 2, position, id, 'model', 'completed', repeat('x', 12000), 'many', now()
         FROM asked RETURNING id, user_id
       )
       INSERT INTO feedback (message_id, user_id, rating, model, day) SELECT id, user_id, 'up', 'many', current_date FROM replies`,
      [reply.id],
    );
    const ids = (await exported('model=many')).map(({ message_id: id }) => id);
    expect(ids).toHaveLength(250);
    expect(ids).toEqual([...new Set(ids)].sort().reverse());
  });

  test('is for administrators who may read contents', async () => {
    const path = '/admin/feedback/export';
    expect(await stack.api.get(path, { token: user.accessToken })).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    const closed = await startTestApi({ DATABASE_URL: stack.databaseUrl });
    try {
      expect(await closed.get(path, { token: admin.accessToken })).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    } finally {
      await closed.close();
    }
  });
});
