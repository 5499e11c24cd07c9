import { runSql, signUpAdministrator } from '../support/administrator.js';
import { startTestApi, type TestUser } from '../support/api.js';
import { Conversation, type ReplyBody } from '../support/conversation.js';
import { idsRise, readEvents, shapeOf, textOf } from '../support/event-stream.js';
import { PDF, upload } from '../support/files.js';
import { ID, problem, TIME } from '../support/problem.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

interface Page<T = { id: string; status: string; content: string | null }> {
  readonly data: T[];
  readonly next_cursor: string | null;
}

interface Retried {
  readonly message_ids: string[];
  readonly has_more: boolean;
}

interface Stats {
  readonly users: { total: number; administrators: number };
  readonly messages: number;
  readonly replies: { completed: number; failed: number };
  readonly failures: { code: string; count: number }[];
  readonly active_users: { day: string; users: number }[];
  readonly days: object[];
  readonly models: { output_tokens: number }[];
  readonly latency_ms: { total: { p50: number | null; p99: number | null } };
  readonly subscriptions: object;
  readonly monthly_recurring_revenue: object | null;
}

let stack: Stack;
let admin: TestUser;
let user: TestUser;
let conversation: Conversation;

beforeAll(async () => {
  stack = await startStack({ REPLY_MAX_ATTEMPTS: '2', ADMIN_READS_CONTENT: 'true', BASIC_DAILY_LIMIT: '100' });
  admin = await signUpAdministrator(stack.api);
});
beforeEach(async () => {
  user = await stack.api.signUp();
  conversation = await Conversation.start(stack.api, user.accessToken);
});
afterAll(() => stack.close());

const get = async <T = Page>(path: string) => (await stack.api.get<T>(path, { token: admin.accessToken })).body;
const retry = (id: string) => stack.api.post<ReplyBody & { attempt: number }>(`/admin/messages/${id}/retry`, { token: admin.accessToken });
const retryMany = async (body: object) => (await stack.api.post<Retried>('/admin/messages/retry', { token: admin.accessToken, body })).body;
const idsOf = ({ data }: Page) => data.map(({ id }) => id);
const auditOf = async (targetId: string) => (await get<Page<object>>(`/admin/audit-log?target_id=${targetId}`)).data;
const used = async () =>
  (await runSql<{ messages: number }>(stack.databaseUrl, `SELECT messages FROM usage_days WHERE user_id = $1`, [user.id]))[0]?.messages;

const NOT_RETRYABLE = problem(
  409,
  'reply_not_retryable',
  'The reply cannot be retried',
  'Only a reply that failed here can be retried. An imported or copied reply, and one that has not failed, cannot.',
);

/** A reply whose first tries have failed, for good unless it is retried. */
async function failedReply(content = 'Hello', { scenario = 'error-400', times = 1, room = conversation } = {}): Promise<ReplyBody> {
  await fetch(`${stack.gemini.url}/_simulator/next`, { method: 'POST', body: JSON.stringify({ scenario, times }) });
  const reply = await room.ask(content);
  expect(reply.status).toBe('failed');
  return reply;
}

describe('A failed reply that is retried', () => {
  test('is pending once, then completes, at no charge, and is noted once', async () => {
    const failed = await failedReply();
    // The state after a last try that failed after its first thoughts.
    await runSql(stack.databaseUrl, `UPDATE messages SET first_thought_at = created_at WHERE id = $1`, [failed.id]);
    const answers = await Promise.all([retry(failed.id), retry(failed.id), retry(failed.id)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409, 409]);
    for (const { status, body } of answers) {
      if (status === 202) expect(body).toMatchObject({ id: failed.id, status: 'pending' });
      else expect(body).toEqual(NOT_RETRYABLE);
    }
    const reply = await conversation.finished(failed.id);
    expect(reply).toMatchObject({ status: 'completed', error: null, reply_to: failed.reply_to });
    expect(reply.content).not.toBe('');
    expect(await used()).toBe(0);
    expect(await auditOf(failed.id)).toMatchObject([
      {
        actor: { id: admin.id },
        action: 'message.retry',
        target: { type: 'message', id: failed.id },
        before: { status: 'failed', error_code: 'request_rejected', model: failed.model },
        after: { status: 'pending', attempt: 2, model: failed.model },
      },
    ]);
    expect(await runSql(stack.databaseUrl, `SELECT first_thought_at FROM messages WHERE id = $1`, [failed.id])).toEqual([
      { first_thought_at: null },
    ]);
    const unfinished = await runSql(stack.databaseUrl, `SELECT unfinished_replies FROM users WHERE id = $1`, [user.id]);
    expect(unfinished).toEqual([{ unfinished_replies: 0 }]);
  });

  test('is refused when it has not failed, or is no reply', async () => {
    const reply = await conversation.ask('Hello');
    expect(await retry(reply.id)).toMatchObject({ status: 409, body: NOT_RETRYABLE });
    const { reply: running } = await conversation.send('[[slow 200ms]] [[long 500]]');
    expect(await retry(running.id)).toMatchObject({ status: 409, body: NOT_RETRYABLE });
    const cancelled = await stack.api.post<ReplyBody>(`${conversation.path}/${running.id}/cancel`, { token: user.accessToken });
    expect(cancelled.body.status).toBe('cancelled');
    expect(await retry(running.id)).toMatchObject({ status: 409, body: NOT_RETRYABLE });
    for (const { id } of [reply, running]) expect(await auditOf(id)).toEqual([]);
    expect(await retry(reply.reply_to ?? '')).toMatchObject({
      status: 409,
      body: problem(
        409,
        'not_a_reply',
        'The message is not a reply',
        'Only replies of the model can be cancelled, streamed or followed by a message.',
      ),
    });
    expect((await retry(user.id)).status).toBe(404);
  });

  test('is made by the model that the owner has now, as a new message is', async () => {
    const basicModel = (await conversation.ask('Hello')).model;
    const subscription = `/admin/subscriptions/${user.id}`;
    const days = { days: 1, reason: 'test' };
    expect((await stack.api.post(`${subscription}/grant`, { token: admin.accessToken, body: days })).status).toBeLessThan(300);
    const failed = [await failedReply(), await failedReply()];
    const [proModel] = failed.map(({ model }) => model);
    expect(proModel).not.toBe(basicModel);
    expect((await retry(failed[0]?.id ?? '')).body.model).toBe(proModel);
    expect(await conversation.finished(failed[0]?.id ?? '')).toMatchObject({ status: 'completed', model: proModel });

    expect((await stack.api.post(`${subscription}/revoke`, { token: admin.accessToken, body: { reason: 'test' } })).status).toBeLessThan(
      300,
    );
    const id = failed[1]?.id ?? '';
    expect((await retryMany({ user_id: user.id })).message_ids).toEqual([id]);
    expect(await conversation.finished(id)).toMatchObject({ status: 'completed', model: basicModel });
    expect(await auditOf(id)).toMatchObject([{ before: { model: proModel }, after: { model: basicModel } }]);
  });

  test('is not made again when an import or a copy wrote it, by itself or with others', async () => {
    const failed = await failedReply();
    type Document = { messages: { role: string; model: string | null }[] };
    const { body: document } = await stack.api.get<Document>(`/chatroom/${conversation.chatroomId}/export`, { token: user.accessToken });
    const messages = document.messages.map((message) => (message.role === 'model' ? { ...message, model: 'gemini-4-argon' } : message));
    const imported = await stack.api.post<{ id: string }>('/chatroom/import', { token: user.accessToken, body: { ...document, messages } });
    const copied = await stack.api.post<{ id: string }>(`/chatroom/${conversation.chatroomId}/copy`, {
      token: user.accessToken,
      body: { message_id: failed.id },
    });
    const written = await Promise.all(
      [imported, copied].map(async ({ body: { id } }) => {
        const { data } = await get(`/admin/messages?chatroom_id=${id}&status=failed`);
        expect(data).toHaveLength(1);
        expect(await retryMany({ chatroom_id: id })).toEqual({ message_ids: [], has_more: false });
        return data[0]?.id ?? '';
      }),
    );
    for (const id of written) {
      expect(await retry(id)).toMatchObject({ status: 409, body: NOT_RETRYABLE });
      expect(await auditOf(id)).toEqual([]);
    }
    // However many there are, they take no place among those that are retried.
    expect(await retryMany({ user_id: user.id, limit: 1 })).toEqual({ message_ids: [failed.id], has_more: false });
    expect(await conversation.finished(failed.id)).toMatchObject({ status: 'completed' });
    const states = await Promise.all(written.map((id) => runSql(stack.databaseUrl, `SELECT status FROM messages WHERE id = $1`, [id])));
    expect(states.flat()).toEqual([{ status: 'failed' }, { status: 'failed' }]);
  });

  test('has as many tries as a new one, every time', async () => {
    const failed = await failedReply('Hello', { scenario: 'error-503', times: 5 });
    expect((await retry(failed.id)).body.attempt).toBe(3);
    await until('the second failure', async () => (await conversation.finished(failed.id)).status === 'failed');
    expect((await retry(failed.id)).body.attempt).toBe(6);
    expect(await conversation.finished(failed.id)).toMatchObject({ status: 'completed', error: null });
    expect((await get<Page<{ attempt: number }>>(`/admin/messages?chatroom_id=${conversation.chatroomId}&role=model`)).data).toMatchObject([
      { attempt: 8 },
    ]);
  });

  test('is read on by who had read its failure: everything begins anew, and every id comes after the last', async () => {
    const failed = await failedReply('Hello', { scenario: 'cut', times: 2 });
    const path = `${conversation.path}/${failed.id}/stream`;
    const open = (headers: Record<string, string> = {}) => stack.api.open('GET', path, { token: user.accessToken, headers });
    const before = await readEvents(await open());
    expect(shapeOf(before.events).at(-2)).toBe('error');
    await retry(failed.id);
    const after = await readEvents(await open({ 'last-event-id': before.events.at(-1)?.id ?? '' }));
    const reply = await conversation.finished(failed.id);
    expect(shapeOf(after.events)).toEqual(['reset-step', 'text-start', 'text-delta', 'text-end', 'finish-step', 'finish', '[DONE]']);
    expect(idsRise([...before.events, ...after.events])).toBe(true);
    expect(textOf([...before.events, ...after.events])).toBe(reply.content);
  });

  test('can be cancelled while it is pending, or be deleted with its room', async () => {
    const queue = (verb: string) => stack.api.post(`/admin/queues/replies/${verb}`, { token: admin.accessToken });
    const [first, second] = [await failedReply(), await failedReply()];
    await queue('pause');
    try {
      for (const { id } of [first, second]) expect((await retry(id)).body.status).toBe('pending');
      const cancelled = await stack.api.post<ReplyBody>(`${conversation.path}/${first.id}/cancel`, { token: user.accessToken });
      expect(cancelled.body.status).toBe('cancelled');
      expect((await stack.api.delete(`/chatroom/${conversation.chatroomId}`, { token: user.accessToken })).status).toBe(204);
    } finally {
      await queue('resume');
    }
    expect(await runSql(stack.databaseUrl, `SELECT unfinished_replies FROM users WHERE id = $1`, [user.id])).toEqual([
      { unfinished_replies: 0 },
    ]);
    expect(await used()).toBe(0);
  });
});

test('many failed replies are retried by a filter, the oldest first, a bounded number at a time', async () => {
  const failed: string[] = [];
  for (const n of [1, 2, 3]) failed.push((await failedReply(`Hello ${n}`)).id);
  const other = await Conversation.start(stack.api, user.accessToken);
  const elsewhere = (await failedReply('Hello', { room: other })).id;
  expect(await retryMany({ error_code: 'model_timeout', user_id: user.id })).toEqual({ message_ids: [], has_more: false });
  expect(await retryMany({ chatroom_id: conversation.chatroomId, limit: 2 })).toEqual({ message_ids: failed.slice(0, 2), has_more: true });
  for (const id of failed.slice(0, 2)) expect((await conversation.finished(id)).status).toBe('completed');
  expect(await retryMany({ username: 'nobody.at.all' })).toEqual({ message_ids: [], has_more: false });
  const { message_ids } = await retryMany({ username: user.username, error_code: 'request_rejected' });
  expect(message_ids.sort()).toEqual([failed[2], elsewhere].sort());
  expect((await conversation.finished(failed[2] ?? '')).status).toBe('completed');
  expect((await other.finished(elsewhere)).status).toBe('completed');
  expect(await retryMany({ user_id: user.id })).toEqual({ message_ids: [], has_more: false });
  // null is not "of everybody".
  for (const body of [{ limit: 101 }, { limit: null }, { user_id: null }, { from: null }, { error_code: null }])
    expect((await stack.api.post('/admin/messages/retry', { token: admin.accessToken, body })).status).toBe(400);
});

describe('The list of messages', () => {
  test('shows everything but what was written', async () => {
    const reply = await conversation.ask('Hello');
    const { data } = await get<Page<object>>(`/admin/messages?chatroom_id=${conversation.chatroomId}`);
    expect(data).toEqual([
      {
        id: reply.id,
        chatroom_id: conversation.chatroomId,
        user_id: user.id,
        username: user.username,
        role: 'model',
        status: 'completed',
        content: null,
        model: reply.model,
        attempt: 1,
        finish_reason: 'stop',
        error: null,
        usage: reply.usage,
        created_at: reply.created_at,
        first_token_at: expect.stringMatching(TIME),
        first_thought_at: null,
        completed_at: reply.completed_at,
        rating: null,
        comment: null,
        attachments: [],
      },
      expect.objectContaining({ id: reply.reply_to, role: 'user', status: 'completed', content: null, attempt: 0 }),
    ]);
  });

  test('is filtered by status, role, user, room and time, and goes on where the page before ended', async () => {
    const failed = await failedReply();
    const completed = await conversation.ask('Hello');
    const all = [completed.id, completed.reply_to, failed.id, failed.reply_to];
    const mine = `user_id=${user.id}`;
    expect(idsOf(await get(`/admin/messages?${mine}&status=failed`))).toEqual([failed.id]);
    expect(idsOf(await get(`/admin/messages?username=${user.username}&status=failed`))).toEqual([failed.id]);
    expect(idsOf(await get(`/admin/messages?username=nobody.at.all`))).toEqual([]);
    expect(idsOf(await get(`/admin/messages?status=failed&limit=1`))).toEqual([failed.id]);
    expect(idsOf(await get(`/admin/messages?${mine}&status=completed&role=model`))).toEqual([completed.id]);
    expect(idsOf(await get(`/admin/messages?${mine}&from=${completed.created_at}`))).toEqual(all.slice(0, 2));
    expect(idsOf(await get(`/admin/messages?${mine}&to=${completed.created_at}&from=2026-01-01`))).toEqual(all.slice(2));
    for (const filter of [mine, `chatroom_id=${conversation.chatroomId}`]) {
      const ids: string[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const page: Page = await get(`/admin/messages?${filter}&limit=1${cursor && `&cursor=${cursor}`}`);
        ids.push(...idsOf(page));
        cursor = page.next_cursor;
      }
      expect([...ids].sort()).toEqual([...all].sort());
    }
    for (const query of [
      'status=lost',
      'user_id=me',
      'from=yesterday',
      'from=2026-13-01',
      'from=2026-02-30',
      'from=0000-01-01',
      'cursor=x',
    ]) {
      expect((await stack.api.get(`/admin/messages?${query}`, { token: admin.accessToken })).status).toBe(400);
    }
  });

  test('shows what was written where the setting allows it, and notes who read it', async () => {
    const reply = await conversation.ask('Hello');
    const page = await get(`/admin/messages?chatroom_id=${conversation.chatroomId}&content=true`);
    expect(page.data.map(({ content }) => content)).toEqual([reply.content, 'Hello']);
    const [entry] = (await get<Page<object>>(`/admin/audit-log?action=messages.read&limit=1`)).data;
    expect(entry).toMatchObject({
      actor: { id: admin.id },
      target: { type: 'message', id: null },
      after: { message_ids: [reply.id, reply.reply_to] },
    });
  });
});

test('an export with what was written defuses whatever a spreadsheet may take for the beginning of a cell', async () => {
  const dangerous = ['=1+1', '+1', '-1', '@SUM(1)', 'a\n=2+2', 'b;=3+3', 'c\r\n@x', '"=4+4', 'd\t-5', '＝6'];
  const room = conversation.chatroomId;
  const [{ position }] = (await runSql(stack.databaseUrl, `SELECT last_position AS position FROM chatrooms WHERE id = $1`, [room])) as [
    { position: number },
  ];
  await runSql(
    stack.databaseUrl,
    `INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, role, status, content, completed_at)
     SELECT gen_random_uuid(), $1, $2, $3 + n, 1, $3 + n, 'user', 'completed', content, now()
     FROM unnest($4::text[]) WITH ORDINALITY AS texts (content, n)`,
    [room, user.id, position, dangerous],
  );
  const csv = await stack.api.get<string>(`/admin/messages/export?chatroom_id=${room}&content=true`, { token: admin.accessToken });
  // A row begins with an id; the text comes after seventeen columns.
  const texts = csv.body.split(/\r\n(?=[0-9a-f]{8}-|$)/).map((row) => row.replace(/^(?:[^,]*,){17}/, ''));
  expect(texts).toEqual([
    'content',
    "'＝6",
    "d\t'-5",
    `"""'=4+4"`,
    `"c\r\n'@x"`,
    "b;'=3+3",
    `"a\n'=2+2"`,
    "'@SUM(1)",
    "'-1",
    "'+1",
    "'=1+1",
    '',
  ]);
});

test('the contents of a file are read by a link, which is noted, and only where the setting allows it', async () => {
  const { body: file } = await upload(stack.api, user.accessToken, PDF, { name: 'paper.pdf' });
  const { message } = await conversation.send('Read this', { attachment_ids: [file.id] });
  const { data } = await get<Page<object>>(`/admin/messages?chatroom_id=${conversation.chatroomId}&role=user`);
  expect(data).toMatchObject([{ id: message.id, content: null, attachments: [file] }]);
  const path = `/admin/attachments/${file.id}/link`;
  const { status, body } = await stack.api.post<{ url: string }>(path, { token: admin.accessToken });
  expect({ status, body }).toEqual({ status: 201, body: { url: expect.any(String), expires_at: expect.stringMatching(TIME) } });
  const opened = await fetch(body.url, { headers: { range: 'bytes=1-3' } });
  expect({ status: opened.status, text: await opened.text() }).toEqual({ status: 206, text: 'PDF' });
  expect(Object.fromEntries(opened.headers)).toMatchObject({
    'content-disposition': 'attachment; filename=paper.pdf',
    'x-content-type-options': 'nosniff',
    'content-security-policy': expect.stringMatching(/^sandbox;/),
  });
  const entry = { actor: { id: admin.id }, action: 'attachment.read', target: { type: 'attachment', id: file.id } };
  expect(await auditOf(file.id)).toMatchObject([entry]);

  const strict = await startTestApi({ DATABASE_URL: stack.databaseUrl });
  try {
    expect((await strict.post(path, { token: admin.accessToken })).body).toMatchObject({ code: 'forbidden' });
  } finally {
    await strict.close();
  }
  expect((await stack.api.post(path, { token: user.accessToken })).body).toMatchObject({ code: 'forbidden' });
  expect((await stack.api.post(`/admin/attachments/${user.id}/link`, { token: admin.accessToken })).status).toBe(404);
  expect(await auditOf(file.id)).toHaveLength(1);
});

test('the list of chatrooms shows names only where they may be read, and notes who read them', async () => {
  await stack.api.patch(`/chatroom/${conversation.chatroomId}`, { token: user.accessToken, body: { name: 'A secret plan' } });
  const room = {
    id: conversation.chatroomId,
    user_id: user.id,
    username: user.username,
    name: null,
    model: null,
    archived: false,
    message_count: 0,
    last_message_at: null,
    created_at: expect.stringMatching(TIME),
  };
  expect(await get(`/admin/chatrooms?user_id=${user.id}`)).toEqual({ data: [room], next_cursor: null });
  expect((await get(`/admin/chatrooms?limit=1`)).data).toEqual([room]);
  expect((await get(`/admin/chatrooms?username=${user.username.toUpperCase()}`)).data).toEqual([room]);
  expect((await get(`/admin/chatrooms?username=nobody.at.all`)).data).toEqual([]);
  expect((await get(`/admin/chatrooms?user_id=${user.id}&content=true`)).data).toEqual([{ ...room, name: 'A secret plan' }]);
  expect((await get<Page<object>>(`/admin/audit-log?action=chatrooms.read`)).data).toMatchObject([{ after: { chatroom_ids: [room.id] } }]);
});

test('queues are shown, paused and resumed, and every change is noted', async () => {
  const post = (path: string, body?: object) =>
    stack.api.post<{ paused: boolean; counts: object }>(`/admin/queues/${path}`, { token: admin.accessToken, ...(body ? { body } : {}) });
  for (let i = 0; i < 2; i += 1)
    expect(await post('replies/pause')).toMatchObject({ status: 200, body: { name: 'replies', paused: true } });
  const { reply } = await conversation.send('Hello');
  const queues = async () => (await get<Page<{ name: string; counts: { waiting: number; active: number } }>>('/admin/queues')).data;
  await until('it waits and nothing else is worked on', async () => {
    const counts = (await queues()).find(({ name }) => name === 'replies')?.counts;
    return counts?.active === 0 && counts.waiting > 0;
  });
  const data = await queues();
  expect(data.map(({ name }) => name)).toEqual(expect.arrayContaining(['one-time-codes', 'replies']));
  expect(data.find(({ name }) => name === 'replies')).toEqual({
    name: 'replies',
    paused: true,
    counts: { waiting: expect.any(Number), active: 0, delayed: expect.any(Number), failed: 0 },
    oldest_waiting_at: expect.stringMatching(TIME),
    failed_jobs: [],
  });
  for (let i = 0; i < 2; i += 1) expect((await post('replies/resume')).body).toMatchObject({ paused: false });
  expect((await conversation.finished(reply.id)).status).toBe('completed');
  expect((await auditOf('replies')).slice(0, 2)).toMatchObject([
    { action: 'queue.resume', before: { paused: true }, after: { paused: false } },
    { action: 'queue.pause', before: { paused: false }, after: { paused: true }, request_id: expect.stringMatching(ID) },
  ]);
  expect(await post('nothing/pause')).toMatchObject({ status: 404, body: { code: 'not_found' } });
  expect((await post('replies/retry', { job_id: 'no-such-job' })).status).toBe(404);
});

test('the figures tell what happened, and go along with it', async () => {
  const path = '/admin/stats';
  const before = await get<Stats>(path);
  await conversation.ask('Hello');
  const failed = await failedReply();
  await retry(failed.id);
  await conversation.finished(failed.id);
  const after = await get<Stats>(path);
  expect(after.messages - before.messages).toBe(2);
  expect(after.replies.completed - before.replies.completed).toBe(2);
  expect(after.replies.failed - before.replies.failed).toBe(1);
  const failures = ({ failures: all }: Stats) => all.find(({ code }) => code === 'request_rejected')?.count ?? 0;
  expect(failures(after) - failures(before)).toBe(1);
  const today = new Date().toISOString().slice(0, 10);
  expect(after.active_users).toHaveLength(30);
  expect((after.active_users.at(-1)?.users ?? 0) - (before.active_users.at(-1)?.users ?? 0)).toBe(1);
  expect(after.active_users.at(-1)?.day).toBe(today);
  expect(after.days.at(-1)).toMatchObject({ day: today, messages: after.messages, completed: after.replies.completed });
  const [model] = after.models;
  expect(model?.output_tokens).toBeGreaterThan(before.models[0]?.output_tokens ?? 0);
  expect(after.latency_ms.total.p50).toBeGreaterThan(0);
  expect(after.latency_ms.total.p99).toBeGreaterThanOrEqual(after.latency_ms.total.p50 ?? Infinity);
  expect(after.users.total).toBe(before.users.total);
  expect(after.users.administrators).toBe(1);
  expect(after.subscriptions).toEqual({ by_status: [], grants: 0 });
  expect(after.monthly_recurring_revenue).toBeNull();
  expect(await get<Stats>(`${path}?to=2020-01-01&from=2019-12-31`)).toMatchObject({
    from: '2019-12-31T00:00:00.000Z',
    to: '2020-01-01T01:00:00.000Z',
    messages: 0,
    days: [],
    models: [],
    active_users: [
      { day: '2019-12-31', users: 0 },
      { day: '2020-01-01', users: 0 },
    ],
    latency_ms: { total: { p50: null, p90: null, p95: null, p99: null } },
  });
  for (const query of ['from=2026-02-01&to=2026-01-01', 'from=2020-01-01', 'to=0001-01-01', 'to=9999-12-31T23:59:59-23:59']) {
    expect((await stack.api.get(`${path}?${query}`, { token: admin.accessToken })).status).toBe(400);
  }
});
