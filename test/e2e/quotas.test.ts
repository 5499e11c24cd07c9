import { startTestApi, type TestApi, type TestUser } from '../support/api.js';
import { runSql } from '../support/administrator.js';
import { chatroomDocument } from '../support/chatroom-document.js';
import { Conversation, type ExchangeBody } from '../support/conversation.js';
import { problem } from '../support/problem.js';
import { type Stack, startStack } from '../support/stack.js';

const STORAGE = 100_000;
const ROOMS = 6;
const SETTINGS = { BASIC_STORAGE_BYTES: String(STORAGE), MAX_CHATROOMS: String(ROOMS), BASIC_DAILY_LIMIT: '1000' };

const STORAGE_FULL = problem(
  409,
  'storage_full',
  'The storage is full',
  'The plan includes 100000 bytes of storage, and this would exceed them. Delete chatrooms or attachments first.',
  { limit: STORAGE },
);
const TOO_MANY_CHATROOMS = problem(
  409,
  'too_many_chatrooms',
  'Too many chatrooms',
  'An account has at most 6 chatrooms. Delete one first.',
  { limit: ROOMS },
);

interface Room {
  readonly id: string;
}

let stack: Stack;
/** Another process on the same database. */
let other: TestApi;
let user: TestUser;

beforeAll(async () => {
  stack = await startStack(SETTINGS);
  other = await startTestApi({ DATABASE_URL: stack.databaseUrl, ...SETTINGS });
});
beforeEach(async () => {
  user = await stack.api.signUp();
});
afterAll(async () => {
  await other.close();
  await stack.close();
});

const sql = <Row = object>(text: string, values: readonly unknown[] = [user.id]) => runSql<Row>(stack.databaseUrl, text, values);
const post = <Body = Room>(path: string, body: object, api: Pick<TestApi, 'post'> = stack.api, headers: Record<string, string> = {}) =>
  api.post<Body>(path, { token: user.accessToken, body, headers });
const importOf = (...contents: string[]) => post('/chatroom/import', chatroomDocument(contents));
/**
 * `count` requests at once, in turn to both processes.
 *
 * @returns those that were admitted, after a look at all the others
 */
async function admitted(count: number, path: string, body: object, refusal: object): Promise<number> {
  const answers = await Promise.all(Array.from({ length: count }, (_, i) => post(path, body, i % 2 === 0 ? stack.api : other)));
  const refused = answers.filter(({ status }) => status !== 201);
  expect(refused.map(({ body: problemBody }) => problemBody)).toEqual(refused.map(() => refusal));
  return answers.length - refused.length;
}
/** The counters of the user, and what the tables hold. */
async function usage() {
  const [row] = await sql(
    `SELECT u.chatroom_count AS rooms, u.stored_bytes::integer AS bytes,
       (SELECT count(*)::integer FROM chatrooms c WHERE c.user_id = u.id) AS rooms_held,
       (SELECT coalesce(sum(octet_length(m.content) + m.detail_bytes), 0)::integer FROM messages m WHERE m.user_id = u.id) AS bytes_held
     FROM users u WHERE u.id = $1`,
  );
  return row as { rooms: number; bytes: number; rooms_held: number; bytes_held: number };
}
const expectExact = async () => {
  const { rooms, bytes, rooms_held, bytes_held } = await usage();
  expect([rooms, bytes]).toEqual([rooms_held, bytes_held]);
};

describe('The storage of a user', () => {
  test('is counted through sending, editing, regenerating, cancelling, importing, copying and deleting', async () => {
    const talk = await Conversation.start(stack.api, user.accessToken);
    const first = await talk.send('Grüße 😀');
    await talk.finished(first.reply.id);
    await expectExact();
    await talk.finished(
      (await post<ExchangeBody>(`${talk.path}/${first.message.id}/edit`, { content: 'longer than before' })).body.reply.id,
    );
    await talk.finished((await post<ExchangeBody>(`${talk.path}/${first.reply.id}/regenerate`, {})).body.reply.id);
    await talk.ask('[[error-400]]');
    const slow = await talk.send('[[slow 200ms]] [[long 500]]');
    await post(`${talk.path}/${slow.reply.id}/cancel`, {});
    await expectExact();
    const { body: imported } = await importOf('Grüße', 'ß'.repeat(1_000));
    await post(`/chatroom/${talk.chatroomId}/copy`, { message_id: first.reply.id });
    await expectExact();
    const before = await usage();
    await stack.api.delete(`/chatroom/${imported.id}`, { token: user.accessToken });
    await expectExact();
    expect(await usage()).toMatchObject({ rooms: before.rooms - 1, bytes: before.bytes - 2_007 });
  });

  test('admits as many parallel imports as fit, over all processes', async () => {
    expect(await admitted(10, '/chatroom/import', chatroomDocument(['q', 'x'.repeat(30_000)]), STORAGE_FULL)).toBe(3);
    await expectExact();
    expect((await importOf('x'.repeat(9_997))).status).toBe(201);
    expect(await usage()).toMatchObject({ bytes: STORAGE });
    expect((await importOf('x')).body).toEqual(STORAGE_FULL);
  });

  test('admits as many parallel copies as fit, over all processes', async () => {
    const { body: room } = await importOf('q', 'x'.repeat(30_000));
    const { body: page } = await stack.api.get<{ data: { id: string }[] }>(`/chatroom/${room.id}/message`, { token: user.accessToken });
    expect(await admitted(10, `/chatroom/${room.id}/copy`, { message_id: page.data[0]?.id }, STORAGE_FULL)).toBe(2);
    await expectExact();
  });

  test('lets messages be sent when it is full, and is freed by a deletion', async () => {
    const { body: room } = await importOf('x'.repeat(30_000), 'x'.repeat(69_000));
    const talk = await Conversation.start(stack.api, user.accessToken);
    await talk.ask('y'.repeat(2_000));
    expect((await usage()).bytes).toBeGreaterThan(STORAGE);
    expect((await importOf()).body).toEqual(STORAGE_FULL);
    await stack.api.delete(`/chatroom/${room.id}`, { token: user.accessToken });
    expect((await importOf('x'.repeat(30_000))).status).toBe(201);
    await expectExact();
  });

  test('writes nothing of what is refused', async () => {
    const document = chatroomDocument(['q', 'x'.repeat(99_000), 'q', 'x'.repeat(99_000)]);
    expect((await post('/chatroom/import', document)).body).toEqual(STORAGE_FULL);
    expect(await usage()).toEqual({ rooms: 0, bytes: 0, rooms_held: 0, bytes_held: 0 });
  });
});

describe('The chatrooms of a user', () => {
  test('are as many as allowed under parallel requests to several processes', async () => {
    expect(await admitted(20, '/chatroom', {}, TOO_MANY_CHATROOMS)).toBe(ROOMS);
    await expectExact();
    expect((await importOf('x')).body).toEqual(TOO_MANY_CHATROOMS);
  });

  test('are as many as allowed under parallel imports, and copies are refused then', async () => {
    const { body: room } = await importOf('x');
    expect(await admitted(20, '/chatroom/import', chatroomDocument(['x']), TOO_MANY_CHATROOMS)).toBe(ROOMS - 1);
    const { body: page } = await stack.api.get<{ data: { id: string }[] }>(`/chatroom/${room.id}/message`, { token: user.accessToken });
    expect((await post(`/chatroom/${room.id}/copy`, { message_id: page.data[0]?.id })).body).toEqual(TOO_MANY_CHATROOMS);
    await expectExact();
  });

  test('are not one more for a repeat of a request, which is answered the first result at the limit too', async () => {
    const key = { 'idempotency-key': 'once' };
    const answers = await Promise.all(Array.from({ length: 5 }, () => post('/chatroom', { name: 'Once' }, stack.api, key)));
    expect(await admitted(ROOMS, '/chatroom', {}, TOO_MANY_CHATROOMS)).toBe(ROOMS - 1);
    answers.push(await post('/chatroom', { name: 'Once' }, stack.api, key));
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.id}`))).toEqual(new Set([`201 ${answers[0]?.body.id}`]));
    expect((await post('/chatroom', {}, stack.api, { 'idempotency-key': 'another' })).body).toEqual(TOO_MANY_CHATROOMS);
  });
});

describe('Beside processes that do not keep the counters', () => {
  test('a user is counted before the first decision', async () => {
    await sql(`INSERT INTO chatrooms (id, user_id) SELECT gen_random_uuid(), $1 FROM generate_series(1, 5)`);
    expect(await admitted(5, '/chatroom', {}, TOO_MANY_CHATROOMS)).toBe(1);
    await expectExact();
  });

  test('a user is counted again before a refusal', async () => {
    const { body: room } = await importOf('x'.repeat(30_000));
    await sql(`UPDATE users SET chatroom_count = 6, stored_bytes = 100000, usage_counted_at = now() - interval '1 hour' WHERE id = $1`);
    expect((await importOf('x'.repeat(30_000))).status).toBe(201);
    await expectExact();
    await sql(`UPDATE users SET chatroom_count = 6, usage_counted_at = now() - interval '1 hour' WHERE id = $1`);
    expect((await post('/chatroom', {})).status).toBe(201);
    await expectExact();
    // The recount is not repeated by each request, as it would be much work for a refusal.
    await sql(`UPDATE users SET stored_bytes = 100000 WHERE id = $1`);
    expect((await importOf('x')).body).toEqual(STORAGE_FULL);
    expect(room.id).toEqual(expect.any(String));
  });
});
