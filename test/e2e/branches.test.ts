import type { TestUser } from '../support/api.js';
import { Conversation, type ExchangeBody, type ReplyBody } from '../support/conversation.js';
import { problem } from '../support/problem.js';
import { type Stack, startStack } from '../support/stack.js';

let stack: Stack;
let user: TestUser;

beforeAll(async () => {
  stack = await startStack({ BASIC_DAILY_LIMIT: '1000' });
  user = await stack.api.signUp();
});
afterAll(() => stack.close());

interface Page {
  readonly data: ReplyBody[];
  readonly next_cursor: string | null;
}

const NOT_A_USER_MESSAGE = problem(
  409,
  'not_a_user_message',
  'The message is a reply',
  "Only the user's own messages can be edited; a reply can be regenerated.",
);

const start = () => Conversation.start(stack.api, user.accessToken);
const post = <Body>(path: string, body?: unknown, headers: Record<string, string> = {}) =>
  stack.api.post<Body>(path, { token: user.accessToken, headers, ...(body === undefined ? {} : { body }) });
const page = async (talk: Conversation, query = '') =>
  (await stack.api.get<Page>(`${talk.path}${query}`, { token: user.accessToken })).body;
const contents = ({ data }: Page) => data.filter(({ role }) => role === 'user').map(({ content }) => content);

describe('editing a message', () => {
  test.each(['PATCH', 'POST'] as const)('with %s makes a branch, whose reply is given only what is before it', async (method) => {
    const talk = await start();
    await talk.ask('one');
    const second = await talk.send('two');
    await talk.finished(second.reply.id);
    const path = `${talk.path}/${second.message.id}`;
    const [url, options] = [method === 'PATCH' ? path : `${path}/edit`, { token: user.accessToken, body: { content: '\ntwo, edited ' } }];
    const { status, headers, body } = await stack.api.send<ExchangeBody>(method, url, options);
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`${talk.path}/${body.reply.id}`);
    expect(body.message).toEqual({
      ...second.message,
      id: expect.any(String),
      content: 'two, edited',
      sibling_ids: [second.message.id, body.message.id],
      created_at: body.reply.created_at,
      completed_at: body.reply.created_at,
    });
    expect(body.reply).toEqual({
      ...second.reply,
      id: expect.any(String),
      reply_to: body.message.id,
      parent_id: body.message.id,
      sibling_ids: [body.reply.id],
      created_at: body.reply.created_at,
    });
    const reply = await talk.finished(body.reply.id);
    expect(reply.content).toContain('The conversation has 3 turns: 2 from you, 1 from me.');
    expect(reply.content).toContain('You wrote: “two, edited”');
    expect(reply.content).toContain('Before that you wrote: “one”');
    expect(contents(await page(talk))).toEqual(['two, edited', 'one']);
    expect(contents(await page(talk, '?branch=all'))).toEqual(['two, edited', 'two', 'one']);
  });

  test('streams the reply to those who accept a stream, and costs a message', async () => {
    const talk = await start();
    const { message } = await talk.send('one');
    const used = async () =>
      (await stack.api.get<{ usage_days: { messages: number }[] }>('/user/me/export', { token: user.accessToken })).body.usage_days[0]
        ?.messages ?? 0;
    const before = await used();
    const { status, body } = await stack.api.send<string>('PATCH', `${talk.path}/${message.id}`, {
      token: user.accessToken,
      body: { content: 'streamed' },
      headers: { accept: 'text/event-stream' },
    });
    expect(status).toBe(200);
    expect(body).toContain('"type":"finish"');
    expect(body).toMatch(/data: \[DONE\]\n\n$/);
    expect(await used()).toBe(before + 1);
  });

  test('is repeated with the same key without another effect', async () => {
    const talk = await start();
    const { message } = await talk.send('one');
    const headers = { 'idempotency-key': 'edit' };
    const first = await post<ExchangeBody>(`${talk.path}/${message.id}/edit`, { content: 'edited' }, headers);
    await talk.finished(first.body.reply.id);
    await post<ExchangeBody>(`${talk.path}/${message.id}/edit`, { content: 'once more' });
    const second = await post<ExchangeBody>(`${talk.path}/${message.id}/edit`, { content: 'edited' }, headers);
    expect([second.status, second.body]).toEqual([202, first.body]);
    const other = await post<{ code: string }>(`${talk.path}/${message.id}/edit`, { content: 'other' }, headers);
    expect([other.status, other.body.code]).toEqual([409, 'idempotency_key_reused']);
  });

  test('is for messages of the user’s', async () => {
    const [talk, other] = [await start(), await start()];
    const { message, reply } = await talk.send('one');
    const edited = await post(`${talk.path}/${reply.id}/edit`, { content: 'x' });
    expect(edited.body).toEqual(NOT_A_USER_MESSAGE);
    for (const path of [`${other.path}/${message.id}/edit`, `${talk.path}/none/edit`])
      expect((await post<{ code: string }>(path, { content: 'x' })).body.code).toBe('not_found');
    expect((await post<{ code: string }>(`${talk.path}/${message.id}/edit`, { content: ' ' })).body.code).toBe('validation_failed');
    const withParent = await post<{ code: string }>(`${talk.path}/${message.id}/edit`, { content: 'x', parent_id: reply.id });
    expect(withParent.body.code).toBe('validation_failed');
  });
});

describe('sending after a reply', () => {
  test('begins a branch there', async () => {
    const talk = await start();
    const first = await talk.send('one');
    await talk.ask('two');
    const sent = await post<ExchangeBody>(talk.path, { content: 'other', parent_id: first.reply.id });
    expect(sent.status).toBe(202);
    expect(sent.body.message.parent_id).toBe(first.reply.id);
    const reply = await talk.finished(sent.body.reply.id);
    expect(reply.content).toContain('Before that you wrote: “one”');
    expect(contents(await page(talk))).toEqual(['other', 'one']);
  });

  test('wants a reply of the room', async () => {
    const [talk, elsewhere] = [await start(), await start()];
    const { message } = await talk.send('one');
    const foreign = await elsewhere.send('there');
    const codeOf = async (parent: unknown) => (await post<{ code: string }>(talk.path, { content: 'x', parent_id: parent })).body.code;
    expect(await codeOf(foreign.reply.id)).toBe('not_found');
    expect(await codeOf('nonsense')).toBe('not_found');
    expect(await codeOf(message.id)).toBe('not_a_reply');
    expect(await codeOf(7)).toBe('validation_failed');
  });
});

describe('activating', () => {
  test('answers the room, and lists, detail and sends follow', async () => {
    const talk = await start();
    const first = await talk.send('one');
    await talk.ask('two');
    await talk.finished((await post<ExchangeBody>(`${talk.path}/${first.message.id}/edit`, { content: 'one, edited' })).body.reply.id);
    const activated = await post<{ id: string; message_count: number }>(`${talk.path}/${first.reply.id}/activate`);
    expect(activated.status).toBe(200);
    const shown = await stack.api.get<{ messages: Page }>(`/chatroom/${talk.chatroomId}`, { token: user.accessToken });
    const { messages, ...room } = shown.body;
    expect(activated.body).toEqual(room);
    expect(contents(messages)).toEqual(['one', 'two']);
    expect(contents(await page(talk))).toEqual(['two', 'one']);
    const next = await talk.ask('three');
    expect(next.content).toContain('Before that you wrote: “two”');
  });

  test('does not lead a cursor astray', async () => {
    const talk = await start();
    const first = await talk.send('one');
    for (const content of ['two', 'three']) await talk.ask(content);
    const newest = await page(talk, '?limit=1');
    await post<ExchangeBody>(`${talk.path}/${first.message.id}/edit`, { content: 'elsewhere' });
    const rest = await page(talk, `?limit=100&cursor=${newest.next_cursor}`);
    expect(contents(rest)).toEqual(['three', 'two', 'one']);
  });

  test('is for messages of the room', async () => {
    const [talk, other] = [await start(), await start()];
    const { reply } = await talk.send('one');
    for (const path of [`${other.path}/${reply.id}`, `${talk.path}/none`])
      expect((await post<{ code: string }>(`${path}/activate`)).body.code).toBe('not_found');
  });
});

test('the hundredth alternative is the last', async () => {
  const talk = await start();
  const { reply } = await talk.send('one');
  const answers = await Promise.all(Array.from({ length: 104 }, () => post<{ code?: string }>(`${talk.path}/${reply.id}/regenerate`)));
  expect(answers.filter(({ status }) => status === 202)).toHaveLength(99);
  expect(answers.filter(({ status, body }) => status === 409 && body.code === 'too_many_branches')).toHaveLength(5);
  const shown = await stack.api.get<ReplyBody>(`${talk.path}/${reply.id}`, { token: user.accessToken });
  expect(shown.body.sibling_ids).toHaveLength(100);
  await post(`/chatroom/${talk.chatroomId}/cancel`);
});
