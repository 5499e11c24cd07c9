import { Client } from 'pg';
import type { TestUser } from '../support/api.js';
import { Conversation } from '../support/conversation.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

interface Room {
  readonly id: string;
  readonly name: string | null;
  readonly updated_at: string;
}

interface Journal {
  readonly open: number;
  readonly requests: { readonly purpose: string; readonly body: string; readonly status: number | null; readonly outcome: string }[];
}

let stack: Stack;
let user: TestUser;
let database: Client;

beforeAll(async () => {
  stack = await startStack({ BASIC_DAILY_LIMIT: '1000', BASIC_CONTEXT_TOKENS: '1000', BASIC_MAX_OUTPUT_TOKENS: '64' });
  database = new Client({ connectionString: stack.databaseUrl });
  await database.connect();
});
beforeEach(async () => {
  user = await stack.api.signUp();
  await control('POST', 'reset', {});
});
afterAll(async () => {
  await database.end();
  await stack.close();
});

const control = async (method: string, path: string, body?: object): Promise<unknown> => {
  const answer = await fetch(`${stack.gemini.url}/_simulator/${path}`, { method, ...(body ? { body: JSON.stringify(body) } : {}) });
  return answer.json();
};
const calls = async (purpose: string) =>
  ((await control('GET', 'requests')) as Journal).requests.filter((call) => call.purpose === purpose);
const next = (purpose: string, scenario: string, times = 1) => control('POST', 'next', { purpose, scenario, times });
const roomOf = async ({ chatroomId }: Conversation) =>
  (await stack.api.get<Room>(`/chatroom/${chatroomId}`, { token: user.accessToken })).body;
const named = async (talk: Conversation): Promise<string | null> => {
  await until('the room has a name', async () => (await roomOf(talk)).name !== null);
  return (await roomOf(talk)).name;
};
const list = async () => (await stack.api.get<{ data: Room[] }>('/chatroom', { token: user.accessToken })).body.data;
const digestsLeft = async () =>
  Number((await database.query<{ n: string }>(`SELECT count(*) AS n FROM digests WHERE due_at IS NOT NULL`)).rows[0]?.n);

describe('the title of a room', () => {
  test('is made from the first exchange, once, and shows in the list', async () => {
    const talk = await Conversation.start(stack.api, user.accessToken, {});
    expect((await list()).map(({ name }) => name)).toEqual([null]);
    await talk.ask('[[slow 5ms]] What is there to see in Kyoto?');
    expect(await named(talk)).toBe('What is there to see (simulated)');
    expect((await list()).map(({ name }) => name)).toEqual(['What is there to see (simulated)']);
    await talk.ask('And for children?');
    await until('nothing is left to do', async () => (await digestsLeft()) === 0);
    const [call, ...others] = await calls('title');
    expect(others).toEqual([]);
    expect(call?.body).toContain('User: [[slow 5ms]] What is there to see in Kyoto?\\n\\nAssistant: This is a simulated answer');
    const { rows } = await database.query(`SELECT messages FROM usage_days WHERE user_id = $1`, [user.id]);
    expect(rows).toEqual([{ messages: 2 }]);
  });

  test('is not made for a room that has a name, or gets one meanwhile', async () => {
    await next('title', 'delay 300ms');
    const talk = await Conversation.start(stack.api, user.accessToken, {});
    await talk.ask('Hello');
    await until('the title is asked for', async () => (await calls('title')).length === 1);
    const path = `/chatroom/${talk.chatroomId}`;
    expect((await stack.api.patch<Room>(path, { token: user.accessToken, body: { name: 'Mine' } })).body.name).toBe('Mine');
    await until('the title is made', async () => (await digestsLeft()) === 0);
    expect((await roomOf(talk)).name).toBe('Mine');
    await (await Conversation.start(stack.api, user.accessToken, { name: 'Named' })).ask('Hello');
    expect(await calls('title')).toHaveLength(1);
  });

  test('is asked for as JSON', async () => {
    const talk = await Conversation.start(stack.api, user.accessToken, {});
    await talk.ask('Kyoto');
    await named(talk);
    const [call] = await calls('title');
    expect((JSON.parse(call?.body ?? '') as { generationConfig: object }).generationConfig).toEqual({
      maxOutputTokens: 512,
      responseMimeType: 'application/json',
      responseSchema: {
        type: 'OBJECT',
        properties: { title: { type: 'STRING', description: 'The title, in the language of the conversation.' } },
        required: ['title'],
      },
    });
  });

  test.each(['json', 'think', 'fence', 'preamble', 'control', 'half', 'empty', 'blocked'])(
    'that is bad (%s) is not taken, but asked for again with the next exchange',
    async (kind) => {
      const talk = await Conversation.start(stack.api, user.accessToken, {});
      await talk.ask(`[[title ${kind}]] Hello`);
      await until('the title is refused', async () => (await calls('title')).length === 1 && (await digestsLeft()) === 0);
      expect((await roomOf(talk)).name).toBeNull();
      await talk.ask('What is there to see in Kyoto?');
      expect(await named(talk)).toBe('What is there to see (simulated)');
      await talk.ask('And for children?');
      expect(await calls('title')).toHaveLength(2);
    },
  );

  test('is the beginning of the first message when three exchanges gave none', async () => {
    const talk = await Conversation.start(stack.api, user.accessToken, {});
    for (const [i, content] of [`# Kyoto\u202e\n${'word '.repeat(40)}`, 'Two', 'Three'].entries()) {
      await next('title', ['title empty', 'title blocked', 'error-400'][i] ?? '');
      expect((await roomOf(talk)).name).toBeNull();
      await talk.ask(content);
      await until('the title is asked for', async () => (await calls('title')).length === i + 1 && (await digestsLeft()) === 0);
    }
    expect(await named(talk)).toBe(`Kyoto ${'word '.repeat(13)}word…`);
    expect((await list()).map(({ name }) => name)).toEqual([`Kyoto ${'word '.repeat(13)}word…`]);
    await talk.ask('Four');
    expect(await calls('title')).toHaveLength(3);
  });

  test('is tried again after a failure of the model, and given up after three until the next exchange', async () => {
    await next('title', 'error-503', 2);
    const talk = await Conversation.start(stack.api, user.accessToken, {});
    await talk.ask('Third time lucky');
    expect(await named(talk)).toBe('Third time lucky (simulated)');
    expect((await calls('title')).map(({ status }) => status)).toEqual([503, 503, 200]);

    await next('title', 'error-503', 3);
    const unlucky = await Conversation.start(stack.api, user.accessToken, {});
    await unlucky.ask('Hello');
    await until('it is given up', async () => (await calls('title')).length === 6 && (await digestsLeft()) === 0);
    expect((await roomOf(unlucky)).name).toBeNull();
    await unlucky.ask('Better luck');
    expect(await named(unlucky)).toBe('Better luck (simulated)');
  });

  test('a job that got lost is made again', async () => {
    await next('title', 'hang');
    const talk = await Conversation.start(stack.api, user.accessToken, {});
    await talk.ask('Found again');
    await until('the title is asked for', async () => (await calls('title')).length === 1);
    // The worker that had it counts as gone, and its lease as over.
    await database.query(`UPDATE digests SET due_at = now() - interval '1 minute'`);
    expect(await named(talk)).toBe('Found again (simulated)');
  });
});

describe('the running summary', () => {
  test('takes the place of what does not fit any more; each reply says what it was given', async () => {
    const talk = await Conversation.start(stack.api, user.accessToken, { name: 'Long', system_instruction: 'Be brief.' });
    const contexts: { turns: number; trimmed: number; summarised: number }[] = [];
    for (let i = 1; i <= 12; i += 1) {
      const { context } = await talk.ask(`Question ${i} ${'word '.repeat(40)}`);
      if (!context) throw new Error('no context');
      contexts.push(context);
      // Every message before is told of in one way.
      expect(context.turns + context.trimmed + context.summarised).toBe(2 * i - 1);
      await until('no summary is being made', async () => (await digestsLeft()) === 0);
    }
    expect(contexts[0]).toEqual({ turns: 1, trimmed: 0, summarised: 0, attachments: { sent: 0, omitted: 0 } });
    expect(contexts.every(({ trimmed }) => trimmed === 0)).toBe(true);
    expect(contexts.at(-1)?.summarised).toBeGreaterThan(6);
    const summaries = await calls('summary');
    expect(summaries.length).toBeGreaterThan(1);
    expect(summaries.length).toBeLessThan(6);
    const [first, second] = summaries.map(({ body }) => body);
    expect(first).toContain('User: Question 1 ');
    expect(first).not.toContain('Summary so far');
    expect(second).toContain('Summary so far: Simulated summary, no model was asked');
    expect(second).not.toContain('User: Question 1 ');
    const last = (await calls('reply')).at(-1)?.body ?? '';
    expect(last).toContain(
      'Be brief.\\n\\nSummary of the earlier part of the conversation, which is not shown any more:\\n\\nSimulated summary, no model was asked',
    );
    expect(last).not.toContain('"text":"Question 1 ');
    const { rows } = await database.query<{ messages: number }>(`SELECT messages FROM usage_days WHERE user_id = $1`, [user.id]);
    expect(rows).toEqual([{ messages: 12 }]);
    const usage = await stack.api.get<{ totals: { messages: number } }>('/user/me/usage', { token: user.accessToken });
    expect(usage.body.totals.messages).toBe(12);
  });

  test('that cannot be made delays nothing: what does not fit is left out', async () => {
    await next('summary', 'error-400', 10);
    const talk = await Conversation.start(stack.api, user.accessToken, { name: 'Long' });
    for (let i = 1; i <= 8; i += 1) expect(await talk.ask(`Question ${i} ${'word '.repeat(60)}`)).toMatchObject({ status: 'completed' });
    const { context } = await talk.ask('And now?');
    expect(context?.summarised).toBe(0);
    expect(context?.trimmed).toBeGreaterThan(0);
    expect((context?.turns ?? 0) + (context?.trimmed ?? 0)).toBe(17);
  });
});
