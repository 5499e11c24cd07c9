import { DataSource } from 'typeorm';
import type { TestUser } from '../support/api.js';
import { Conversation, type ExchangeBody, type ReplyBody } from '../support/conversation.js';
import { until } from '../support/until.js';
import { type Stack, startStack } from '../support/stack.js';

let stack: Stack;
let user: TestUser;
let database: DataSource;

beforeAll(async () => {
  stack = await startStack({
    BASIC_DAILY_LIMIT: '1000',
    // Long enough for a busy machine: no other scenario may run into them.
    GEMINI_FIRST_TOKEN_TIMEOUT: '4s',
    GEMINI_IDLE_TIMEOUT: '4s',
    REPLY_MAX_ATTEMPTS: '3',
  });
  user = await stack.api.signUp();
  database = stack.api.app.get(DataSource);
});
afterAll(() => stack.close());

const usedOf = async (userId: string): Promise<number> => {
  const [row] = await database.query<{ used: string }[]>(`SELECT coalesce(sum(messages), 0) AS used FROM usage_days WHERE user_id = $1`, [
    userId,
  ]);
  return Number(row?.used);
};

describe('a conversation', () => {
  test('a message is accepted at once and answered by the model', async () => {
    const { status, body: room } = await stack.api.post<{ id: string }>('/chatroom', { token: user.accessToken, body: { name: 'Kyoto' } });
    expect(status).toBe(201);
    const path = `/chatroom/${room.id}/message`;
    const accepted = await stack.api.post<ExchangeBody>(path, { token: user.accessToken, body: { content: ' \nWhat is there to see?  ' } });
    const { message, reply } = accepted.body;
    expect(accepted.status).toBe(202);
    expect(accepted.headers.get('location')).toBe(`${path}/${reply.id}`);
    expect(accepted.body).toEqual({
      message: {
        id: expect.any(String),
        chatroom_id: room.id,
        role: 'user',
        content: 'What is there to see?',
        status: 'completed',
        reply_to: null,
        parent_id: null,
        sibling_ids: [message.id],
        model: null,
        finish_reason: null,
        error: null,
        usage: null,
        context: null,
        sources: null,
        search_suggestions: null,
        reasoning: null,
        attachments: [],
        feedback: null,
        created_at: expect.any(String),
        completed_at: message.created_at,
      },
      reply: {
        id: expect.any(String),
        chatroom_id: room.id,
        role: 'model',
        content: '',
        status: 'pending',
        reply_to: message.id,
        parent_id: message.id,
        sibling_ids: [reply.id],
        model: 'gemini-3.5-flash-lite',
        finish_reason: null,
        error: null,
        usage: null,
        context: null,
        sources: null,
        search_suggestions: null,
        reasoning: null,
        attachments: [],
        feedback: null,
        created_at: message.created_at,
        completed_at: null,
      },
    });
    const answered = await stack.api.get<ReplyBody>(`${path}/${reply.id}?wait=20`, { token: user.accessToken });
    expect(answered.body).toEqual({
      ...reply,
      content: expect.stringContaining('You wrote: “What is there to see?”'),
      status: 'completed',
      finish_reason: 'stop',
      usage: {
        input_tokens: expect.any(Number),
        output_tokens: expect.any(Number),
        reasoning_tokens: 0,
        total_tokens: expect.any(Number),
        estimated: false,
      },
      context: { turns: 1, trimmed: 0, summarised: 0, attachments: { sent: 0, omitted: 0 } },
      completed_at: expect.any(String),
    });
  });

  test('the model is given the history and the system instruction', async () => {
    const talk = await Conversation.start(stack.api, user.accessToken, { system_instruction: 'Answer as a pirate.' });
    const first = await talk.ask('My name is Ada.');
    const second = await talk.ask('What is my name?');
    expect(first.content).toContain('The conversation has 1 turn');
    expect(second.content).toContain('The conversation has 3 turns: 2 from you, 1 from me.');
    expect(second.content).toContain('Before that you wrote: “My name is Ada.”');
    expect(second.content).toContain('The system instruction is: “Answer as a pirate.”');
    expect(second.context).toEqual({ turns: 3, trimmed: 0, summarised: 0, attachments: { sent: 0, omitted: 0 } });
  });

  test('replies of messages that were sent at once are made in their order, each with all before it', async () => {
    const talk = await Conversation.start(stack.api, user.accessToken);
    const sent = await Promise.all(Array.from({ length: 12 }, (_, i) => talk.send(`Message ${i}`)));
    const replies = await Promise.all(sent.map(({ reply }) => talk.finished(reply.id)));
    const turns = replies.map(({ context }) => context?.turns ?? 0).sort((a, b) => a - b);
    expect(turns).toEqual(Array.from({ length: 12 }, (_, i) => 2 * i + 1));
    const page = await stack.api.get<{ data: ReplyBody[] }>(`${talk.path}?limit=100`, { token: user.accessToken });
    const completed = page.body.data.filter(({ role }) => role === 'model').map(({ completed_at }) => completed_at);
    expect(completed).toEqual([...completed].sort().reverse());
  });

  test('the list and the detail show the branch in pages', async () => {
    const talk = await Conversation.start(stack.api, user.accessToken);
    for (let i = 0; i < 13; i += 1) await talk.ask(`Message ${i}`);
    const all: ReplyBody[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const query: string = cursor === '' ? '?limit=4' : `?limit=4&cursor=${cursor}`;
      const { body } = await stack.api.get<{ data: ReplyBody[]; next_cursor: string | null }>(`${talk.path}${query}`, {
        token: user.accessToken,
      });
      all.push(...body.data);
      cursor = body.next_cursor;
    }
    expect(all).toHaveLength(26);
    expect(all.map(({ parent_id }) => parent_id)).toEqual([...all.slice(1).map(({ id }) => id), null]);
    const everything = await stack.api.get<{ data: ReplyBody[] }>(`${talk.path}?branch=all&limit=100`, { token: user.accessToken });
    expect(everything.body.data).toEqual(all);
    const detail = await stack.api.get<{
      message_count: number;
      active_reply_id: null;
      messages: { data: ReplyBody[]; next_cursor: string };
    }>(`/chatroom/${talk.chatroomId}`, { token: user.accessToken });
    expect(detail.body.message_count).toBe(26);
    expect(detail.body.active_reply_id).toBeNull();
    expect(detail.body.messages.data).toEqual(all.slice(0, 20).reverse());
    const older = await stack.api.get<{ data: ReplyBody[] }>(`${talk.path}?cursor=${detail.body.messages.next_cursor}`, {
      token: user.accessToken,
    });
    expect(older.body.data).toEqual(all.slice(20));
  });

  test('deleting a room ends its replies and their requests to the model', async () => {
    const talk = await Conversation.start(stack.api, user.accessToken);
    const { reply } = await talk.send('[[slow 100ms]] [[long 2000]]');
    await until('the model is asked', async () => (await requestsOpen()) > 0);
    const waiting = stack.api.get<{ code: string }>(`${talk.path}/${reply.id}?wait=20`, { token: user.accessToken });
    expect((await stack.api.delete(`/chatroom/${talk.chatroomId}`, { token: user.accessToken })).status).toBe(204);
    expect(await waiting).toMatchObject({ status: 404, body: { code: 'not_found' } });
    await until('the request is aborted', async () => (await requestsOpen()) === 0);
    const rows = await database.query<object[]>(`SELECT unfinished_replies FROM users WHERE id = $1`, [user.id]);
    expect(rows).toEqual([{ unfinished_replies: 0 }]);
  });
});

describe('every scenario of the model ends in a terminal state', () => {
  const COMPLETED = { status: 'completed', error: null };
  const failedWith = (code: string) => ({ status: 'failed', content: '', finish_reason: 'error', error: { code } });
  const BLOCKED = { status: 'blocked', finish_reason: 'content-filter', error: null };
  const scenarios: [prompt: string, outcome: object, requests: number, charged: number][] = [
    ['Hello', COMPLETED, 1, 1],
    ['[[slow 30ms]]', COMPLETED, 1, 1],
    ['[[thinking]]', COMPLETED, 1, 1],
    ['[[max-tokens]]', { ...COMPLETED, finish_reason: 'length' }, 1, 1],
    ['[[finish OTHER]]', { ...COMPLETED, finish_reason: 'other' }, 1, 1],
    ['[[empty x1]]', COMPLETED, 2, 1],
    ['[[empty MALFORMED_FUNCTION_CALL x2]]', COMPLETED, 3, 1],
    ['[[blank x1]]', COMPLETED, 2, 1],
    ['[[error-408 x1]]', COMPLETED, 2, 1],
    ['[[error-499 x1]]', COMPLETED, 2, 1],
    ['[[retry-after 1 x1]]', COMPLETED, 2, 1],
    ['[[rate-limit 1s x1]]', COMPLETED, 2, 1],
    ['[[error-500 x2]]', COMPLETED, 3, 1],
    ['[[cut x1]]', COMPLETED, 2, 1],
    ['[[truncated x1]]', COMPLETED, 2, 1],
    ['[[malformed x1]]', COMPLETED, 2, 1],
    ['[[hang x1]]', COMPLETED, 2, 1],
    ['[[stall x1]]', COMPLETED, 2, 1],
    ['[[blocked-prompt]]', BLOCKED, 1, 1],
    ['[[safety]]', BLOCKED, 1, 1],
    ['[[empty SAFETY]]', BLOCKED, 1, 1],
    ['[[empty]]', failedWith('empty_answer'), 3, 0],
    ['[[empty OTHER]]', failedWith('empty_answer'), 3, 0],
    ['[[blank]]', failedWith('empty_answer'), 3, 0],
    ['[[thinking]] [[empty MAX_TOKENS]]', failedWith('empty_answer'), 1, 0],
    ['[[error-404]]', failedWith('model_misconfigured'), 1, 0],
    ['[[error-499]]', failedWith('model_unavailable'), 3, 0],
    ['[[rate-limit 3600s]]', failedWith('model_quota_exhausted'), 1, 0],
    ['[[rate-limit 99999999999999s]]', failedWith('model_quota_exhausted'), 1, 0],
    ['[[retry-after 3600]]', failedWith('model_quota_exhausted'), 1, 0],
    ['[[quota-exhausted]]', failedWith('model_quota_exhausted'), 1, 0],
    ['[[bad-key]]', failedWith('model_misconfigured'), 1, 0],
    ['[[error-400]]', failedWith('request_rejected'), 1, 0],
    ['[[error-500]]', failedWith('model_unavailable'), 3, 0],
    ['[[error-503]]', failedWith('model_overloaded'), 3, 0],
    ['[[rate-limit 100ms]]', failedWith('model_rate_limited'), 3, 0],
    ['[[error-in-stream]]', failedWith('model_overloaded'), 3, 0],
    ['[[cut]]', failedWith('stream_interrupted'), 3, 0],
    ['[[truncated]]', failedWith('stream_interrupted'), 3, 0],
    ['[[half-event]]', failedWith('stream_interrupted'), 3, 0],
    ['[[malformed]]', failedWith('stream_interrupted'), 3, 0],
    ['[[reset]]', failedWith('model_unavailable'), 3, 0],
    ['[[hang]]', failedWith('model_timeout'), 3, 0],
    ['[[stall]]', failedWith('model_timeout'), 3, 0],
  ];

  /** Each by a person of its own, and all at once: those that run into a deadline take three of them. */
  const told = new Map<string, Promise<{ reply: ReplyBody; next: ReplyBody; asked: number; used: number }>>();

  beforeAll(async () => {
    await fetch(`${stack.gemini.url}/_simulator/reset`, { method: 'POST' });
    for (const [prompt] of scenarios) told.set(prompt, tell(prompt));
    await Promise.allSettled(told.values());
  });

  async function tell(prompt: string) {
    const person = await stack.api.signUp();
    const talk = await Conversation.start(stack.api, person.accessToken);
    const reply = await talk.ask(`${prompt} of ${person.username}`);
    // The simulator numbers the calls with one prompt, and keeps its newest requests only.
    const calls = (await requestCounts()).requests.filter(({ body }) => body.includes(`of ${person.username}"`));
    const asked = Math.max(...calls.map(({ attempt }) => attempt));
    return { reply, asked, used: await usedOf(person.id), next: await talk.ask('And now?') };
  }

  test.each(scenarios)('%s', async (prompt, outcome, requests, charged) => {
    const { reply, asked, used, next } = await (told.get(prompt) ?? tell(prompt));
    expect(reply).toMatchObject(outcome);
    expect(asked).toBe(requests);
    expect(used).toBe(charged);
    expect(next).toMatchObject(COMPLETED);
    // The turn of a message that the model refuses is left out; whether one that only got errors of servers is, depends
    // on what else goes on.
    const isRefused = reply.status === 'blocked' || reply.error?.code === 'request_rejected';
    const isSuspect = ['model_unavailable', 'model_overloaded'].includes(reply.error?.code ?? '');
    expect(isSuspect ? [1, 2] : [isRefused ? 1 : reply.content === '' ? 2 : 3]).toContain(next.context?.turns);
  });

  test('what the tries of an answer without text cost is counted', async () => {
    await Promise.allSettled(told.values());
    const counts = await database.query(
      `SELECT outcome, sum(count) AS count, sum(input_tokens) > 0 AS input, sum(reasoning_tokens) AS reasoning, sum(cost_micros) > 0 AS cost
       FROM model_hours WHERE reason = 'empty_answer' GROUP BY outcome ORDER BY outcome`,
    );
    expect(counts).toEqual([
      { outcome: 'failed', count: '4', input: true, reasoning: '21', cost: true },
      { outcome: 'retried', count: '10', input: true, reasoning: '0', cost: true },
    ]);
  });

  test('neither a quota per day, which asks for a wait of 23 s, nor a longer wait than is allowed pauses the model for anybody', async () => {
    expect(await database.query(`SELECT * FROM model_pauses WHERE paused_until > now() + interval '2 seconds'`)).toEqual([]);
  });
});

interface RequestCounts {
  readonly open: number;
  readonly requests: readonly { readonly body: string; readonly attempt: number }[];
}

async function requestCounts(): Promise<RequestCounts> {
  const answer = await fetch(`${stack.gemini.url}/_simulator/requests`);
  return (await answer.json()) as RequestCounts;
}
const requestsOpen = async () => (await requestCounts()).open;
