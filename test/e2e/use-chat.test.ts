import { createHmac } from 'node:crypto';
import type { TestUser } from '../support/api.js';
import { Conversation, type ReplyBody } from '../support/conversation.js';
import { releaseHeldAnswers } from '../support/held-answers.js';
import { type Stack, startStack } from '../support/stack.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';
import { textOf, thoughtsOf, UseChatPage } from '../support/use-chat.js';

/** The same token, which has just expired. */
function expired(token: string, secret: string): string {
  const [header = '', payload = ''] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  const changed = { ...claims, exp: Math.floor(Date.now() / 1_000) - 1 };
  const signed = `${header}.${Buffer.from(JSON.stringify(changed)).toString('base64url')}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

describe('useChat of the AI SDK, with the room chat of the page', () => {
  let stack: Stack;
  let proxy: TcpProxy;
  let user: TestUser;
  let talk: Conversation;
  let page: UseChatPage;

  beforeAll(async () => {
    stack = await startStack({ BASIC_DAILY_LIMIT: '1000' });
    proxy = await TcpProxy.open(Number(new URL(stack.api.origin).port));
    user = await stack.api.signUp();
  });
  afterAll(async () => {
    await proxy.close();
    await stack.close();
  });
  beforeEach(async () => {
    proxy.target = Number(new URL(stack.api.origin).port);
    talk = await Conversation.start(stack.api, user.accessToken);
    page = await open([]);
  });
  afterEach(async () => {
    expect(page.complaints).toBe('');
    await page.close();
  });

  const open = async (history: readonly ReplyBody[], tokens: Pick<TestUser, 'accessToken' | 'refreshToken'> = user) => {
    const opened = new UseChatPage({ api: `http://127.0.0.1:${proxy.port}`, user: tokens, room: { id: talk.chatroomId }, history });
    await until('the page is loaded', () => opened.states.length > 0);
    return opened;
  };
  const release = () => releaseHeldAnswers(stack.gemini.url);
  /** The room as a page loads it. */
  const load = async (): Promise<ReplyBody[]> => {
    const { body } = await stack.api.get<{ data: ReplyBody[] }>(talk.path, { token: user.accessToken });
    return body.data.reverse();
  };
  /** Looked for in all that the page has been: on a busy machine it is through with a stream between two looks. */
  const reads = (length: number) =>
    until('the answer is read', () =>
      page.states.some(({ status, messages }) => status === 'streaming' && textOf(messages.at(-1)).length > length),
    );
  /** Waits for the state after the request, not for the one that the page was loaded with. */
  const settles = (status: 'ready' | 'error') =>
    until(`the chat is ${status}`, () => {
      const { messages } = page.state;
      const isAnswered = status === 'error' || messages.at(-1)?.role === 'assistant';
      return page.states.length > 1 && page.state.status === status && isAnswered;
    });
  const shown = () => page.state.messages.map((message) => [message.role, textOf(message)]);
  const stored = async () => (await load()).map(({ role, content }) => [role === 'model' ? 'assistant' : 'user', content]);
  const idOfReply = () => page.state.messages.at(-1)?.id ?? '';
  /** Nothing is shown twice, and all of it is what is stored. */
  const expectOneReply = async (status: string) => {
    const reply = await talk.finished(idOfReply());
    expect(reply.status).toBe(status);
    expect(shown()).toEqual(await stored());
    expect(page.state.messages.filter(({ role }) => role === 'assistant')).toHaveLength(1);
    return reply;
  };

  test('sends, and shows the answer while it grows', async () => {
    page.tell({ send: 'Hello [[slow 20ms]] [[long 200]]' });
    await settles('ready');
    const { usage } = await expectOneReply('completed');
    expect(page.state.messages.at(-1)?.metadata).toEqual({
      chatroom_id: talk.chatroomId,
      reply_to: expect.any(String),
      status: 'completed',
      model: expect.any(String),
      usage,
    });
    const lengths = page.states.filter(({ status }) => status === 'streaming').map(({ messages }) => textOf(messages.at(-1)).length);
    expect(new Set(lengths).size).toBeGreaterThan(5);
    expect(lengths).toEqual([...lengths].sort((a, b) => a - b));

    page.tell({ send: 'And now?' });
    await until('the next is read', () => page.state.messages.length === 4 && page.state.status === 'ready');
    await talk.finished(idOfReply());
    expect(shown()).toEqual(await stored());
  });

  test('stops, and keeps what was said', async () => {
    page.tell({ send: 'Hello [[slow 50ms]] [[long 3000]]' });
    await reads(50);
    page.tell({ stop: true });
    await settles('ready');
    const { content } = await expectOneReply('cancelled');
    expect(content.length).toBeGreaterThanOrEqual(50);
    expect(page.state.messages.at(-1)?.metadata?.status).toBe('cancelled');
  });

  test('is loaded anew in mid-stream, and resumes', async () => {
    page.tell({ send: 'Hello [[hold]] [[long 400]]' });
    await reads(20);
    const id = idOfReply();
    await page.close();
    page = await open(await load());
    expect(textOf(page.state.messages.at(-1))).toBe('');
    await reads(20);
    expect(idOfReply()).toBe(id);
    await release();
    await settles('ready');
    await expectOneReply('completed');
    // The page is loaded again when the reply has just ended, and nothing is left to resume.
    await page.close();
    page = await open(await load());
    await expectOneReply('completed');
  });

  test('reads on after its connection broke', async () => {
    page.tell({ send: 'Hello [[hold]] [[long 400]]' });
    await reads(20);
    proxy.cut();
    await settles('error');
    await release();
    await settles('ready');
    await expectOneReply('completed');
  });

  test('shows thoughts and sources live, after a cut in mid-thought, and from a replay', async () => {
    const message = '[[thinking 300]] [[thinking-between]] [[grounded 2]] [[slow 20ms]] [[long 200]] Hello 你好';
    const expectAllParts = async () => {
      const reply = await expectOneReply('completed');
      const { parts } = page.state.messages.at(-1) ?? { parts: [] };
      expect(parts.map(({ type }) => type)).toEqual(['step-start', 'reasoning', 'text', 'reasoning', 'text', 'source-url', 'source-url']);
      expect(thoughtsOf(page.state.messages.at(-1))).toBe(reply.reasoning);
      expect(parts.filter(({ type }) => type === 'source-url').map(({ url, title }) => ({ url, title }))).toEqual(
        reply.sources?.map(({ url, title }) => ({ url, title })),
      );
    };
    page.tell({ send: message });
    await settles('ready');
    await expectAllParts();
    const lengths = page.states.map(({ messages }) => thoughtsOf(messages.at(-1)).length);
    expect(new Set(lengths).size).toBeGreaterThan(5);

    await page.close();
    talk = await Conversation.start(stack.api, user.accessToken);
    page = await open([]);
    page.tell({ send: message });
    await until('the thoughts are read', () => page.states.some(({ messages }) => thoughtsOf(messages.at(-1)).length > 50));
    proxy.cut();
    await settles('error');
    expect(textOf(page.state.messages.at(-1))).toBe('');
    await settles('ready');
    await expectAllParts();

    // As a page that was loaded before the reply was finished, and reads its stream when it is.
    await page.close();
    page = await open((await load()).map((one) => (one.role === 'model' ? { ...one, content: '', status: 'pending' } : one)));
    await until('the replay is read', () => page.state.messages.at(-1)?.metadata?.status === 'completed');
    await until('the chat is ready', () => page.state.status === 'ready');
    await expectAllParts();
  });

  test('regenerates, and shows the other reply in the place of the first', async () => {
    page.tell({ send: 'Hello' });
    await settles('ready');
    const first = await expectOneReply('completed');
    page.tell({ regenerate: { messageId: first.id } });
    await until(
      'the other reply is there',
      () => page.state.status === 'ready' && ![first.id, undefined].includes(page.state.messages[1]?.id),
    );
    const second = await expectOneReply('completed');
    expect(second.sibling_ids).toEqual([first.id, second.id]);
  });

  test('is loaded anew after two sends, and shows both replies', async () => {
    const { reply: first } = await talk.send('[[hold]] [[long 300]] One');
    const { reply: second } = await talk.send('Two');
    await page.close();
    page = await open(await load());
    expect(page.state.messages.map(({ id }) => id)).toEqual([first.reply_to, first.id, second.reply_to, second.id]);
    await release();
    await until('both replies are finished', () => page.state.messages.every(({ metadata }) => metadata?.status === 'completed'));
    await until('the chat is ready', () => page.state.status === 'ready');
    expect(shown()).toEqual(await stored());
    expect(textOf(page.state.messages.at(-1))).toContain('You wrote: “Two”');
  });

  test('is loaded anew after two sends, and reads on with the second when the connection broke in the first', async () => {
    await talk.send('[[hold]] [[long 300]] One');
    await talk.send('Two');
    await page.close();
    page = await open(await load());
    await until('the first is read', () => page.states.some(({ messages }) => textOf(messages[1]).length > 20));
    proxy.cut();
    await release();
    await until('both replies are finished', () => page.state.messages.every(({ metadata }) => metadata?.status === 'completed'));
    expect(shown()).toEqual(await stored());
  });

  test('sends while a reply is read, and shows both', async () => {
    page.tell({ send: '[[hold]] [[long 200]] One' });
    await reads(20);
    page.tell({ send: 'Two' });
    await until('both messages are sent', async () => (await load()).length === 4);
    await release();
    await until('both replies are finished', () => {
      const replies = page.state.messages.filter(({ role }) => role === 'assistant');
      return replies.length === 2 && replies.every(({ metadata }) => metadata?.status === 'completed');
    });
    expect(shown()).toEqual(await stored());
  });

  const used = async () =>
    (await stack.api.get<{ used_today: number }>('/subscription/status', { token: user.accessToken })).body.used_today;
  const isAnswered = (question: string) =>
    until('the edited message is answered', () => page.state.status === 'ready' && textOf(page.state.messages.at(-1)).includes(question));

  test('edits a message that it has sent, twice, and one that it was loaded with', async () => {
    const before = await used();
    page.tell({ send: 'First' });
    await settles('ready');
    let reply = await expectOneReply('completed');
    for (const text of ['Second', 'Third']) {
      await until('the message has the id of the server', () => page.state.messages[0]?.id === reply.reply_to);
      page.tell({ edit: { messageId: reply.reply_to ?? '', text } });
      await isAnswered(`You wrote: “${text}”`);
      reply = await expectOneReply('completed');
    }
    await page.close();
    page = await open(await load());
    page.tell({ edit: { messageId: page.state.messages[0]?.id ?? '', text: 'Fourth' } });
    await isAnswered('You wrote: “Fourth”');
    await expectOneReply('completed');
    const { body } = await stack.api.get<{ data: ReplyBody[] }>(`${talk.path}?branch=all`, { token: user.accessToken });
    const messages = body.data.reverse();
    expect(messages.filter(({ role }) => role === 'user').map(({ content }) => content)).toEqual(['First', 'Second', 'Third', 'Fourth']);
    expect(messages.map(({ parent_id }) => parent_id).filter((id) => id === null)).toHaveLength(4);
    expect((await used()) - before).toBe(4);

    // The newest wording, not the one that the page was loaded with.
    const fourth = idOfReply();
    page.tell({ regenerate: {} });
    await until(
      'the other reply is there',
      () => page.state.status === 'ready' && ![fourth, undefined].includes(page.state.messages[1]?.id),
    );
    expect((await expectOneReply('completed')).sibling_ids).toEqual([fourth, idOfReply()]);
    expect((await used()) - before).toBe(5);
  });

  test('sends an edit again that did not get through, and pays once', async () => {
    page.tell({ send: 'First' });
    await settles('ready');
    const before = await used();
    proxy.target = null;
    proxy.cut();
    page.tell({ edit: { messageId: page.state.messages[0]?.id ?? '', text: 'Second' } });
    await settles('error');
    proxy.target = Number(new URL(stack.api.origin).port);
    page.tell({ regenerate: {} });
    await isAnswered('You wrote: “Second”');
    await expectOneReply('completed');
    expect((await used()) - before).toBe(1);
  });

  test('takes back what a try said that broke off', async () => {
    page.tell({ send: '[[slow 60ms]] [[cut x1]] [[long 100]]' });
    await settles('ready');
    await expectOneReply('completed');
  });

  test('takes the notice that the model is to be asked later, and then the answer', async () => {
    page.tell({ send: '[[rate-limit 2s x1]] Hello' });
    await settles('ready');
    await expectOneReply('completed');
    expect(page.state.messages.at(-1)?.parts.map(({ type }) => type)).not.toContain('data-wait');
  });

  test('shows why a reply failed, and makes it again', async () => {
    page.tell({ send: '[[error-400 x1]] Hello' });
    await settles('error');
    expect(page.state.error).toBe('The model does not accept this conversation.');
    const failed = await talk.finished(idOfReply());
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'request_rejected', message: page.state.error } });
    page.tell({ regenerate: { messageId: failed.id } });
    await settles('ready');
    await expectOneReply('completed');
  });

  test('sends again what did not get through', async () => {
    proxy.target = null;
    proxy.cut();
    page.tell({ send: 'Hello' });
    await settles('error');
    proxy.target = Number(new URL(stack.api.origin).port);
    page.tell({ regenerate: {} });
    await settles('ready');
    await expectOneReply('completed');
  });

  test('says why a message is refused, in the words of the API', async () => {
    page.tell({ send: 'x'.repeat(32_001) });
    await settles('error');
    expect(page.state.error).toBe('content must be text of 1 to 32000 characters');
    expect(page.states.map(({ messages }) => messages.length)).not.toContain(2);
  });

  test('sends again with another token when the first has expired', async () => {
    const { body } = await stack.api.post<{ refresh_token: string }>('/auth/login', {
      body: { identifier: user.username, password: user.password },
    });
    await page.close();
    page = await open([], { accessToken: expired(user.accessToken, stack.api.config.JWT_SECRET ?? ''), refreshToken: body.refresh_token });
    page.tell({ send: 'Hello' });
    await settles('ready');
    await expectOneReply('completed');
  });
});
