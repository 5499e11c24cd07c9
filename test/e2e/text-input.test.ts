import type { TestUser } from '../support/api.js';
import { Conversation, type ExchangeBody, type ReplyBody } from '../support/conversation.js';
import { problem } from '../support/problem.js';
import { type Stack, startStack } from '../support/stack.js';

let stack: Stack;
let user: TestUser;

beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.close());
beforeEach(async () => {
  user = await stack.api.signUp();
});

const post = <Body>(path: string, body: object) => stack.api.post<Body>(path, { token: user.accessToken, body });
const usedToday = async () =>
  (await stack.api.get<{ used_today: number }>('/subscription/status', { token: user.accessToken })).body.used_today;
const notValid = (field: string, message: string) =>
  problem(400, 'validation_failed', 'The request is not valid', 'One or more fields are not acceptable; see errors.', {
    errors: [{ field, message }],
  });

const AT = '2026-11-20T10:00:00.000Z';
const room = (messages: object[], settings: object = {}) => ({
  format: 'gemini-chat-room',
  version: 1,
  chatroom: {
    name: null,
    system_instruction: null,
    model: null,
    archived: false,
    created_at: AT,
    active: messages.length === 0 ? null : 1,
    ...settings,
  },
  messages,
});
const question = (content: string) => ({ n: 1, parent: null, role: 'user', content, created_at: AT });

const CODE = '\n  \r\n    if (ready)\n      go();\n\n \t';
const KEPT = '    if (ready)\n      go();';
/** Blanks, format characters, a variation selector, a Hangul filler, a Braille blank, a control character. */
const NOTHING = ['\u00a0\u3000', '\u200b', '\u200d\u200e\u2060', '\ufeff\u00ad', '\ufe0f', '\u3164', '\u2800', '\u0007'];

describe('The content of a message', () => {
  test('keeps the indentation of its first line, and loses empty first lines and trailing blanks: sent, edited and imported', async () => {
    const talk = await Conversation.start(stack.api, user.accessToken);
    const { message } = await talk.send(CODE);
    expect(message.content).toBe(KEPT);
    const edited = await stack.api.patch<ExchangeBody>(`${talk.path}/${message.id}`, {
      token: user.accessToken,
      body: { content: `${CODE}x` },
    });
    expect([edited.status, edited.body.message.content]).toEqual([202, `${KEPT}\n\n \tx`]);
    const { status, body: imported } = await post<{ id: string }>('/chatroom/import', room([question(CODE)]));
    expect(status).toBe(201);
    const { body: page } = await stack.api.get<{ data: ReplyBody[] }>(`/chatroom/${imported.id}/message`, { token: user.accessToken });
    expect(page.data.map(({ content }) => content)).toEqual([KEPT]);
  });

  test('is counted in code points without what is dropped', async () => {
    const talk = await Conversation.start(stack.api, user.accessToken);
    expect((await post(talk.path, { content: `\n${'😀'.repeat(32_000)} \n` })).status).toBe(202);
    expect((await post(talk.path, { content: ` ${'😀'.repeat(32_000)}` })).body).toEqual(
      notValid('content', 'content must be text of 1 to 32000 characters'),
    );
  });

  test('without anything visible is refused and costs nothing: sent, edited and imported', async () => {
    const talk = await Conversation.start(stack.api, user.accessToken);
    const { message } = await talk.send('one');
    expect(await usedToday()).toBe(1);
    for (const content of NOTHING) {
      const why = content.trim() === '' ? 'content must be text of 1 to 32000 characters' : 'content must have visible characters';
      expect((await post(talk.path, { content })).body).toEqual(notValid('content', why));
      expect((await post(`${talk.path}/${message.id}/edit`, { content })).body).toEqual(notValid('content', why));
      expect((await post('/chatroom/import', room([question(content)]))).body).toEqual(
        notValid('messages.0.content', content.trim() === '' ? 'must have at least 1 characters' : 'must have visible characters'),
      );
    }
    expect(await usedToday()).toBe(1);
    const { body: page } = await stack.api.get<{ data: object[] }>(`${talk.path}?branch=all`, { token: user.accessToken });
    expect(page.data).toHaveLength(2);
    const { body: rooms } = await stack.api.get<{ data: object[] }>('/chatroom', { token: user.accessToken });
    expect(rooms.data).toHaveLength(1);
  });

  test('that is one visible character among others is taken as it is', async () => {
    const talk = await Conversation.start(stack.api, user.accessToken);
    for (const content of ['\u200b.', '❤\ufe0f', '🏴\u{e0067}\u{e007f}']) expect((await talk.send(content)).message.content).toBe(content);
  });
});

describe('The name and the system instruction of a room', () => {
  test('are refused without anything visible: made, changed and imported', async () => {
    const talk = await Conversation.start(stack.api, user.accessToken, { name: 'Kept', system_instruction: 'Kept.' });
    for (const field of ['name', 'system_instruction']) {
      for (const text of NOTHING.filter((each) => each.trim() !== '')) {
        const refusal = notValid(field, `${field} must have visible characters`);
        expect((await post('/chatroom', { [field]: text })).body).toEqual(refusal);
        const changed = await stack.api.patch(`/chatroom/${talk.chatroomId}`, { token: user.accessToken, body: { [field]: text } });
        expect(changed.body).toEqual(refusal);
        expect((await post('/chatroom/import', room([], { [field]: text }))).body).toEqual(
          notValid(`chatroom.${field}`, 'must have visible characters'),
        );
      }
    }
    const { body } = await stack.api.get<{ data: object[] }>('/chatroom', { token: user.accessToken });
    expect(body.data).toMatchObject([{ name: 'Kept', system_instruction: 'Kept.' }]);
  });

  test('are trimmed: a name at both ends, an instruction as a message', async () => {
    const trimmed = { name: 'A name', system_instruction: KEPT };
    expect((await post('/chatroom', { name: ' A name\n', system_instruction: CODE })).body).toMatchObject(trimmed);
    expect((await post('/chatroom/import', room([], { name: '\tA name ', system_instruction: CODE }))).body).toMatchObject(trimmed);
  });
});
